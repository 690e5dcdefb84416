"""`python -m tinygrad_reg`: the command line."""

from tinygrad_reg.cli import app

if __name__ == "__main__":
    app(prog_name="python -m tinygrad_reg")

"""Lines for running sums and products, differences, and what is built from them."""

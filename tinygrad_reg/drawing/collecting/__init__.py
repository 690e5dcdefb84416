"""From what the user gives to a picture: tensors, functions, programs."""

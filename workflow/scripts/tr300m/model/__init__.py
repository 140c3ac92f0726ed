"""The network: backend, layers, inputs, output distributions."""

"""Train a network: batches, compiled steps, loop, checkpoints, history."""

"""Commands that use trained models, one module each; `cli` lists them."""

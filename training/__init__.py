"""Training, evaluation and export of the models in ``model_repo/``; a folder per model."""

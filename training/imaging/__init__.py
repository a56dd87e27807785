"""What the training of every imaging model shares: an encoder with ImageNet weights, augmentation, figures, export."""

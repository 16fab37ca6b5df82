"""`python -m learning.training FOLDER`: the training process."""

from learning.training.child import main

if __name__ == "__main__":
    main()

"""`python -m learning.summarizing MODEL THREADS ENCODER`: the writing process."""

from learning.summarizing.child import main

if __name__ == "__main__":
    main()

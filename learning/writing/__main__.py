"""`python -m learning.writing MODEL THREADS ENCODER`: the writing process."""

from learning.writing.child import main

if __name__ == "__main__":
    main()

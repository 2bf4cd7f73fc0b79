"""What an instructor needs around the course: handing out, grading, a board, a hub. The app imports none
of it."""

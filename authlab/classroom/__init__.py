"""What an instructor needs: handing out, grading, a board for the room, a hub. The app imports none of it."""

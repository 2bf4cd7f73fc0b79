"""Everything about teaching the app: exercises, flaws, alternatives, attacks, and what judges them.

The app never imports this folder.
"""

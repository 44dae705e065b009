"""One figure a file, each defining `title` and `draw(results)`; a leading underscore hides a file of helpers."""

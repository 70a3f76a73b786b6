"""The frame: what every lesson has. It knows no lesson by name; `lessons` finds them."""

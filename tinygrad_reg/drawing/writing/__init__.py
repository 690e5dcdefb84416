"""From a picture to text: DOT and Mermaid, and what a box says."""

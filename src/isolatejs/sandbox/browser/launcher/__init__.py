"""The process that starts confined browsers. Standard library only, like the engines' launcher."""

"""What people do in the workspace, and the page that shows it."""

"""The suite of the chat application is run by ours, not collected by it."""

collect_ignore = ["chat"]

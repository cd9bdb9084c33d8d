"""The door for webhooks: verify, store, answer."""

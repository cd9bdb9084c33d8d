"""The `esign` command: verbs over flows and ledger, no logic of its own."""

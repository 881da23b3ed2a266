"""Signatures that vendors verify: small objects that sign a prepared request and do no I/O."""

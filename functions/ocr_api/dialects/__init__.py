"""The contracts that the OCR API speaks, one file each, seen from the server: who asks, keys, limits, errors, reply.

Each module is a `service.Dialect`. Field tables, paths and shapes of secrets are those of the reader's vendor of the
same name, used the other way round.
"""

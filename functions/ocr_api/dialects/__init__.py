"""The contracts that the OCR API speaks, one file each, seen from the server: routes, keys, limits, errors, reply."""

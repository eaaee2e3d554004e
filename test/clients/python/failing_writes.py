"""Sends Writes that fail, and prints what a client of grpcio sees of each, one JSON object a line.

usage: failing_writes.py ADDRESS MAX_METADATA_SIZE REQUEST...

MAX_METADATA_SIZE: bytes for grpc.max_metadata_size, 0 for the library's default.
REQUEST: files with a serialized p4.v1.WriteRequest each.
"""

import base64
import json
import sys

import grpc


def answer(write, path):
    with open(path, "rb") as file:
        request = file.read()
    try:
        write(request, timeout=20)
    except grpc.RpcError as error:
        details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
        return {
            "code": error.code().value[0],
            "message": error.details(),
            "details": None if details is None else base64.b64encode(details).decode(),
        }
    return {"code": 0, "message": "", "details": None}


def main():
    address, max_metadata_size, *paths = sys.argv[1:]
    size = int(max_metadata_size)
    options = [("grpc.max_metadata_size", size)] if size else []
    with grpc.insecure_channel(address, options=options) as channel:
        write = channel.unary_unary("/p4.v1.P4Runtime/Write")
        for path in paths:
            print(json.dumps(answer(write, path)), flush=True)


main()

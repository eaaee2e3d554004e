"""Makes unary calls that fail, and prints what a client of grpcio sees of each, one JSON object a line.

usage: failing_calls.py ADDRESS MAX_METADATA_SIZE METHOD REQUEST...

MAX_METADATA_SIZE: bytes for grpc.max_metadata_size, 0 for the library's default.
METHOD: of the service p4.v1.P4Runtime.
REQUEST: files with one serialized request each.
"""

import base64
import json
import sys

import grpc


def answer(call, path):
    with open(path, "rb") as file:
        request = file.read()
    try:
        call(request, timeout=20)
    except grpc.RpcError as error:
        details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
        return {
            "code": error.code().value[0],
            "message": error.details(),
            "details": None if details is None else base64.b64encode(details).decode(),
        }
    return {"code": 0, "message": "", "details": None}


def main():
    address, max_metadata_size, method, *paths = sys.argv[1:]
    size = int(max_metadata_size)
    options = [("grpc.max_metadata_size", size)] if size else []
    with grpc.insecure_channel(address, options=options) as channel:
        call = channel.unary_unary(f"/p4.v1.P4Runtime/{method}")
        for path in paths:
            print(json.dumps(answer(call, path)), flush=True)


main()

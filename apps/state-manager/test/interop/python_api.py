"""A client of statemanager.v1 made with Python's grpcio from the .proto files.

Usage: python_api.py <folder with the generated stubs> <address>

Each line in is one call as JSON, each line out its answer or failure.
"""

import importlib
import json
import sys

sys.path.insert(0, sys.argv[1])

import grpc  # noqa: E402
from google.protobuf import json_format  # noqa: E402


def call(channel, service, method, request):
    module = "statemanager.v1.%s_service_pb2" % service.removesuffix("Service").lower()
    messages = importlib.import_module(module)
    stubs = importlib.import_module(module + "_grpc")
    stub = getattr(stubs, service + "Stub")(channel)
    message = json_format.ParseDict(request, getattr(messages, method + "Request")())
    return json_format.MessageToDict(getattr(stub, method)(message, timeout=20), preserving_proto_field_name=True)


with grpc.insecure_channel(sys.argv[2]) as channel:
    for line in sys.stdin:
        order = json.loads(line)
        try:
            print(json.dumps({"answer": call(channel, **order)}), flush=True)
        except grpc.RpcError as error:
            print(json.dumps({"error": {"code": error.code().name, "details": error.details()}}), flush=True)

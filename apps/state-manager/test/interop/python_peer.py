"""A peer made with Python's grpcio: calls StateManager as told on stdin, and serves ActionController's interface.

Usage: python_peer.py <folder with the generated stubs>

Each line in is one call as JSON, each line out an answer, a failure, or a call that came in.
"""

import concurrent.futures
import json
import sys
import threading

sys.path.insert(0, sys.argv[1])

import grpc  # noqa: E402
from google.protobuf import json_format  # noqa: E402

import actioncontroller_pb2  # noqa: E402
import actioncontroller_pb2_grpc  # noqa: E402
import monitoringserver_pb2  # noqa: E402
import statemanager_pb2  # noqa: E402
import statemanager_pb2_grpc  # noqa: E402

REQUESTS = {
    "SendStateChange": statemanager_pb2.StateChange,
    "SendChangedContainerList": monitoringserver_pb2.ContainerList,
    "TriggerOffloading": statemanager_pb2.OffloadingRequest,
    "SendAction": statemanager_pb2.Action,
}

said = threading.Lock()


def say(line):
    with said:
        print(json.dumps(line), flush=True)


def fields(message):
    """All fields by their names in the .proto file; enums as numbers, defaults included."""
    values = {field.name: getattr(message, field.name) for field in message.DESCRIPTOR.fields}
    return json.loads(json.dumps(values))


class ActionController(actioncontroller_pb2_grpc.ActionControllerConnectionServicer):
    def note(self, method, request, context):
        metadata = {key: value for key, value in context.invocation_metadata()}
        say({"received": method, "request": fields(request), "metadata": metadata})

    def Reconcile(self, request, context):
        self.note("Reconcile", request, context)
        return actioncontroller_pb2.ReconcileResponse(status=0, desc="repairing")

    def OffloadModel(self, request, context):
        self.note("OffloadModel", request, context)
        return actioncontroller_pb2.OffloadModelResponse(
            success=True, message="moving " + request.model_name, transition_id="python-1"
        )


def serve():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=4))
    actioncontroller_pb2_grpc.add_ActionControllerConnectionServicer_to_server(ActionController(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    say({"serving": port})
    return server


def call(order):
    compression = grpc.Compression.Gzip if order.get("gzip") else grpc.Compression.NoCompression
    method = order["method"]
    request = json_format.ParseDict(order["request"], REQUESTS[method]())
    with grpc.insecure_channel(order["address"], compression=compression) as channel:
        stub = statemanager_pb2_grpc.StateManagerConnectionStub(channel)
        try:
            say({"id": order["id"], "answer": fields(getattr(stub, method)(request, timeout=20))})
        except grpc.RpcError as error:
            say({"id": order["id"], "error": {"code": error.code().name, "details": error.details()}})


server = serve()
for line in sys.stdin:
    call(json.loads(line))
server.stop(None)

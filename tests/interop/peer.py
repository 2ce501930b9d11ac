"""What the Python peers share: stubs made from a .proto file, and checks that say what went wrong."""

import argparse
import importlib
import importlib.resources
import pathlib
import sys
import tempfile
import traceback

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from grpc_tools import protoc

SECONDS = 20  # for a call that should be answered at once


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--proto", required=True, help="the .proto file to make stubs from")
    parser.add_argument("--root", action="append", default=[], help="a folder that it imports from")
    parser.add_argument("--at", required=True, help="host:port of the server")
    parser.add_argument("--alone", help="host:port of another one, whose peers are away")
    return parser.parse_args()


def stubs(proto, roots):
    """The modules (messages, services) that grpcio-tools makes of a file."""
    proto = pathlib.Path(proto)
    roots = [pathlib.Path(root) for root in roots] or [proto.parent]
    out = tempfile.mkdtemp(prefix="svckit-stubs-")
    well_known = importlib.resources.files("grpc_tools") / "_proto"
    more = [f for root in roots[1:] for f in sorted(root.rglob("*.proto")) if f != proto]
    files = [proto, *more]
    includes = [f"-I{path}" for path in [*dict.fromkeys(roots), well_known]]
    code = protoc.main(["protoc", *includes, f"--python_out={out}", f"--grpc_python_out={out}", *map(str, files)])
    if code != 0:
        sys.exit(f"protoc refused {proto}")
    sys.path.insert(0, out)
    module = ".".join(proto.relative_to(roots[0]).with_suffix("").parts)
    return importlib.import_module(f"{module}_pb2"), importlib.import_module(f"{module}_pb2_grpc")


def refusal(call, code):
    """The google.rpc.Status of a call that must be refused with this code."""
    try:
        answer = call()
        answer = list(answer) if hasattr(answer, "__next__") else answer
    except grpc.RpcError as error:
        assert error.code() == code, f"{code} expected: {error.code()} {error.details()}"
        return rpc_status.from_call(error)
    raise AssertionError(f"{code} expected, answered: {answer}")


def violations(status):
    """Paths of the fields that a refusal names."""
    assert status is not None, "the refusal has no details"
    bad = error_details_pb2.BadRequest()
    for detail in status.details:
        if detail.Unpack(bad):
            return [v.field for v in bad.field_violations]
    raise AssertionError(f"no BadRequest in {status}")


def domain_error(status, message):
    """The error of the contract that a refusal carries, read as this message."""
    assert status is not None, "the refusal has no details"
    name = message.DESCRIPTOR.name if hasattr(message, "DESCRIPTOR") else message
    for detail in status.details:
        if detail.type_url.rsplit(".", 1)[-1] == name:
            if isinstance(message, str):
                return detail.value
            message.ParseFromString(detail.value)
            return message
    raise AssertionError(f"no {name} in {status}")


def run(checks):
    """Runs each (name, function), goes on after a failure, and ends with how many failed."""
    failed = 0
    for name, check in checks:
        try:
            check()
            print(f"ok      {name}", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
    print(f"{len(checks) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)

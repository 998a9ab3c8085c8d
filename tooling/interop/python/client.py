"""Runs the interop cases against a server, and prints their results as JSON: {case: null or what failed}."""

import argparse
import json
import queue
import traceback

import grpc

from testing_messages import load_messages

INITIAL = "x-grpc-test-echo-initial"
TRAILING = "x-grpc-test-echo-trailing-bin"
REQUEST_SIZES = [27182, 8, 1828, 45904]
RESPONSE_SIZES = [31415, 9, 2653, 58979]
SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
SECONDS = 15

parser = argparse.ArgumentParser()
parser.add_argument("--target", required=True)
parser.add_argument("--descriptors", required=True)
parser.add_argument("--ca")
options = parser.parse_args()
message = load_messages(options.descriptors)


def testing(name):
    return message("grpc.testing." + name)


Empty, SimpleRequest, SimpleResponse = map(testing, ["Empty", "SimpleRequest", "SimpleResponse"])
InputRequest, InputResponse = map(testing, ["StreamingInputCallRequest", "StreamingInputCallResponse"])
OutputRequest, OutputResponse = map(testing, ["StreamingOutputCallRequest", "StreamingOutputCallResponse"])


def connect():
    if options.ca is None:
        return grpc.insecure_channel(options.target)
    with open(options.ca, "rb") as file:
        return grpc.secure_channel(options.target, grpc.ssl_channel_credentials(file.read()))


class Stub:
    def __init__(self, channel):
        def method(kind, name, response, service="TestService"):
            return getattr(channel, kind)(
                f"/grpc.testing.{service}/{name}",
                request_serializer=lambda request: request.SerializeToString(),
                response_deserializer=response.FromString,
            )

        self.empty = method("unary_unary", "EmptyCall", Empty)
        self.unary = method("unary_unary", "UnaryCall", SimpleResponse)
        self.output = method("unary_stream", "StreamingOutputCall", OutputResponse)
        self.input = method("stream_unary", "StreamingInputCall", InputResponse)
        self.duplex = method("stream_stream", "FullDuplexCall", OutputResponse)
        self.unimplemented_method = method("unary_unary", "UnimplementedCall", Empty)
        self.unimplemented_service = method("unary_unary", "UnimplementedCall", Empty, "UnimplementedService")


class Requests:
    """A stream that ends when it is closed."""

    def __init__(self):
        self._queue = queue.Queue()

    def send(self, request):
        self._queue.put(request)

    def close(self):
        self._queue.put(None)

    def __iter__(self):
        return iter(self._queue.get, None)


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"must be {expected!r:.200}, got {actual!r:.200}")


def zeros(size):
    return {"body": bytes(size)}


def large(**fields):
    return SimpleRequest(response_size=314159, payload=zeros(271828), **fields)


def output(*sizes, **fields):
    return OutputRequest(response_parameters=[{"size": size} for size in sizes], **fields)


def check_zeros(response, size):
    equal(response.payload.body, bytes(size))


def failure(call, code):
    """The error that a call must end with."""
    try:
        call()
    except grpc.RpcError as error:
        equal(error.code(), code)
        return error
    raise AssertionError(f"must fail with {code}, but succeeded")


def empty_unary(stub):
    equal(stub.empty(Empty(), timeout=SECONDS), Empty())


def large_unary(stub):
    check_zeros(stub.unary(large(), timeout=SECONDS), 314159)


def client_streaming(stub):
    requests = (InputRequest(payload=zeros(size)) for size in REQUEST_SIZES)
    equal(stub.input(requests, timeout=SECONDS).aggregated_payload_size, 74922)


def server_streaming(stub):
    responses = list(stub.output(output(*RESPONSE_SIZES), timeout=SECONDS))
    equal([len(response.payload.body) for response in responses], RESPONSE_SIZES)


def ping_pong(stub):
    requests = Requests()
    responses = stub.duplex(iter(requests), timeout=SECONDS)
    for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.send(output(response_size, payload=zeros(request_size)))
        check_zeros(next(responses), response_size)
    requests.close()
    equal(list(responses), [])


def empty_stream(stub):
    equal(list(stub.duplex(iter([]), timeout=SECONDS)), [])


def client_compressed_unary(stub):
    expecting = large(expect_compressed={"value": True})
    failure(lambda: stub.unary(expecting, timeout=SECONDS), grpc.StatusCode.INVALID_ARGUMENT)
    for compression in [grpc.Compression.Gzip, grpc.Compression.Deflate]:
        check_zeros(stub.unary(expecting, timeout=SECONDS, compression=compression), 314159)
    check_zeros(stub.unary(large(expect_compressed={"value": False}), timeout=SECONDS), 314159)


def client_compressed_streaming(stub):
    def requests():
        return (InputRequest(payload=zeros(size), expect_compressed={"value": True}) for size in [27182, 45904])

    failure(lambda: stub.input(requests(), timeout=SECONDS), grpc.StatusCode.INVALID_ARGUMENT)
    response = stub.input(requests(), timeout=SECONDS, compression=grpc.Compression.Gzip)
    equal(response.aggregated_payload_size, 73086)


def server_compressed_unary(stub):
    for value in [True, False]:
        check_zeros(stub.unary(large(response_compressed={"value": value}), timeout=SECONDS), 314159)


def server_compressed_streaming(stub):
    parameters = [
        {"size": 31415, "compressed": {"value": True}},
        {"size": 92653, "compressed": {"value": False}},
    ]
    responses = stub.output(OutputRequest(response_parameters=parameters), timeout=SECONDS)
    equal([len(response.payload.body) for response in responses], [31415, 92653])


def check_echo(call, initial, trailing):
    equal([value for key, value in call.initial_metadata() if key == INITIAL], [initial])
    equal([value for key, value in call.trailing_metadata() if key == TRAILING], [trailing])


def custom_metadata(stub):
    initial, trailing = "test_initial_metadata_value", b"\xab\xab\xab"
    metadata = [(INITIAL, initial), (TRAILING, trailing)]
    _, call = stub.unary.with_call(large(), metadata=metadata, timeout=SECONDS)
    check_echo(call, initial, trailing)
    responses = stub.duplex(iter([output(314159)]), metadata=metadata, timeout=SECONDS)
    equal(len(list(responses)), 1)
    check_echo(responses, initial, trailing)


def binary_metadata(stub):
    for length in [1, 2, 3, 4, 256]:
        initial, trailing = f"length {length}", bytes(range(256))[256 - length :]
        metadata = [(INITIAL, initial), (TRAILING, trailing)]
        _, call = stub.unary.with_call(SimpleRequest(), metadata=metadata, timeout=SECONDS)
        check_echo(call, initial, trailing)


def failed_unary(stub, code, text):
    request = SimpleRequest(response_status={"code": code.value[0], "message": text})
    return failure(lambda: stub.unary(request, timeout=SECONDS), code)


def status_code_and_message(stub):
    text = "test status message"
    equal(failed_unary(stub, grpc.StatusCode.UNKNOWN, text).details(), text)
    request = output(response_status={"code": 2, "message": text})
    duplex = stub.duplex(iter([request]), timeout=SECONDS)
    equal(failure(lambda: list(duplex), grpc.StatusCode.UNKNOWN).details(), text)


def special_status_message(stub):
    equal(failed_unary(stub, grpc.StatusCode.UNKNOWN, SPECIAL).details(), SPECIAL)


def all_status_codes(stub):
    stub.unary(SimpleRequest(response_status={"code": 0, "message": "unused"}), timeout=SECONDS)
    failures = [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]
    equal(len(failures), 16)
    for code in failures:
        equal(failed_unary(stub, code, f"code {code}").details(), f"code {code}")


def status_details(stub):
    text = "na\u00efve \u263a"
    error = failed_unary(stub, grpc.StatusCode.INVALID_ARGUMENT, text)
    [packed] = [value for key, value in error.trailing_metadata() if key == "grpc-status-details-bin"]
    status = message("google.rpc.Status").FromString(packed)
    equal((status.code, status.message), (3, text))
    details = {any.TypeName(): any.value for any in status.details}
    equal(sorted(details), ["google.rpc.BadRequest", "google.rpc.ErrorInfo"])
    bad_request = message("google.rpc.BadRequest").FromString(details["google.rpc.BadRequest"])
    violations = [(violation.field, violation.description) for violation in bad_request.field_violations]
    equal(violations, [("response_status", text)])
    error_info = message("google.rpc.ErrorInfo").FromString(details["google.rpc.ErrorInfo"])
    equal((error_info.reason, error_info.domain), ("INVALID_ARGUMENT", "grpc.testing.TestService"))


def long_status_message(stub):
    text = "\u263a" * 3000
    equal(failed_unary(stub, grpc.StatusCode.NOT_FOUND, text).details()[:300], text[:300])


def unimplemented_method(stub):
    call = lambda: stub.unimplemented_method(Empty(), timeout=SECONDS)
    failure(call, grpc.StatusCode.UNIMPLEMENTED)


def unimplemented_service(stub):
    call = lambda: stub.unimplemented_service(Empty(), timeout=SECONDS)
    failure(call, grpc.StatusCode.UNIMPLEMENTED)


def cancel_after_begin(stub):
    requests = Requests()
    call = stub.input.future(iter(requests), timeout=SECONDS)
    call.cancel()
    requests.close()
    equal((call.cancelled(), call.code()), (True, grpc.StatusCode.CANCELLED))


def cancel_after_first_response(stub):
    requests = Requests()
    responses = stub.duplex(iter(requests), timeout=SECONDS)
    requests.send(output(31415, payload=zeros(27182)))
    check_zeros(next(responses), 31415)
    responses.cancel()
    failure(lambda: next(responses), grpc.StatusCode.CANCELLED)
    requests.close()


def timeout_on_sleeping_server(stub):
    requests = Requests()
    responses = stub.duplex(iter(requests), timeout=0.001)
    requests.send(output(payload=zeros(27182)))
    failure(lambda: next(responses), grpc.StatusCode.DEADLINE_EXCEEDED)
    requests.close()


def rpc_soak(stub):
    for _ in range(20):
        large_unary(stub)


def channel_soak(_):
    for _ in range(20):
        with connect() as channel:
            large_unary(Stub(channel))


CASES = [
    empty_unary, large_unary, client_streaming, server_streaming, ping_pong, empty_stream,
    client_compressed_unary, client_compressed_streaming, server_compressed_unary, server_compressed_streaming,
    custom_metadata, status_code_and_message, special_status_message, unimplemented_method, unimplemented_service,
    cancel_after_begin, cancel_after_first_response, timeout_on_sleeping_server, rpc_soak, channel_soak,
    all_status_codes, status_details, long_status_message, binary_metadata,
]  # fmt: skip


def result(case, stub):
    try:
        case(stub)
        return None
    except Exception:
        return traceback.format_exc()


with connect() as channel:
    stub = Stub(channel)
    print(json.dumps({case.__name__: result(case, stub) for case in CASES}))

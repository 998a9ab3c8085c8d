"""Serves TestService at a free port, prints the port, and ends when its standard input does."""

import argparse
import sys
import time
from concurrent import futures

import grpc

from testing_messages import load_messages

parser = argparse.ArgumentParser()
parser.add_argument("--descriptors", required=True)
parser.add_argument("--cert")
parser.add_argument("--key")
options = parser.parse_args()
message = load_messages(options.descriptors)


def testing(name):
    return message("grpc.testing." + name)


Empty, SimpleRequest, SimpleResponse = map(testing, ["Empty", "SimpleRequest", "SimpleResponse"])
InputRequest, InputResponse = map(testing, ["StreamingInputCallRequest", "StreamingInputCallResponse"])
OutputRequest, OutputResponse = map(testing, ["StreamingOutputCallRequest", "StreamingOutputCallResponse"])
CODES = {code.value[0]: code for code in grpc.StatusCode}


def details_of(echo):
    status = message("google.rpc.Status")(code=echo.code, message=echo.message)
    violation = {"field": "response_status", "description": echo.message}
    status.details.add().Pack(message("google.rpc.BadRequest")(field_violations=[violation]))
    return ("grpc-status-details-bin", status.SerializeToString())


def check_status(request, context):
    echo = request.response_status
    if echo.code != 0:
        context.set_trailing_metadata([details_of(echo)])
        context.abort(CODES[echo.code], echo.message)


def echo_metadata(context):
    received = dict(context.invocation_metadata())
    initial, trailing = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
    if initial in received:
        context.send_initial_metadata([(initial, received[initial])])
    if trailing in received:
        context.set_trailing_metadata([(trailing, received[trailing])])


def empty_call(request, context):
    return Empty()


def unary_call(request, context):
    if request.response_compressed.value:
        context.set_compression(grpc.Compression.Gzip)
    echo_metadata(context)
    check_status(request, context)
    return SimpleResponse(payload={"body": bytes(request.response_size)})


def responses_to(request, context):
    for parameters in request.response_parameters:
        time.sleep(parameters.interval_us / 1_000_000)
        if not parameters.compressed.value:
            context.disable_next_message_compression()
        yield OutputResponse(payload={"body": bytes(parameters.size)})


def streaming_output_call(request, context):
    if any(parameters.compressed.value for parameters in request.response_parameters):
        context.set_compression(grpc.Compression.Gzip)
    yield from responses_to(request, context)


def streaming_input_call(requests, context):
    return InputResponse(aggregated_payload_size=sum(len(request.payload.body) for request in requests))


def full_duplex_call(requests, context):
    echo_metadata(context)
    for request in requests:
        check_status(request, context)
        yield from responses_to(request, context)


def handler(kind, behavior, request):
    return getattr(grpc, kind + "_rpc_method_handler")(
        behavior,
        request_deserializer=request.FromString,
        response_serializer=lambda response: response.SerializeToString(),
    )


handlers = {
    "EmptyCall": handler("unary_unary", empty_call, Empty),
    "UnaryCall": handler("unary_unary", unary_call, SimpleRequest),
    "StreamingOutputCall": handler("unary_stream", streaming_output_call, OutputRequest),
    "StreamingInputCall": handler("stream_unary", streaming_input_call, InputRequest),
    "FullDuplexCall": handler("stream_stream", full_duplex_call, OutputRequest),
}
server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("grpc.testing.TestService", handlers)])
if options.cert is None:
    port = server.add_insecure_port("127.0.0.1:0")
else:
    with open(options.key, "rb") as key, open(options.cert, "rb") as cert:
        credentials = grpc.ssl_server_credentials([(key.read(), cert.read())])
    port = server.add_secure_port("127.0.0.1:0", credentials)
server.start()
print(port, flush=True)
sys.stdin.read()
server.stop(1).wait()

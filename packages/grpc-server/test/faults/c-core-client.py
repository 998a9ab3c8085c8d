"""Calls the fixture service by gRPC's C core, and prints what came of it as JSON."""

import json
import sys

import grpc

channel = grpc.insecure_channel(sys.argv[1])
service = "/fixtures.FixtureService/"
# Envelope { text: "hi" } and Envelope { text: "ho" }
hi, ho = b"\x22\x02hi", b"\x22\x02ho"
# Envelope { payload: 1,000 zeros }
zeros = b"\x1a\xe8\x07" + bytes(1000)
octets = bytes(range(256))


def code_of(code):
    """The code and details of a call that is asked to fail with a code."""
    try:
        channel.unary_unary(service + "Unary")(hi, metadata=[("fail-with", str(code))], timeout=5)
    except grpc.RpcError as error:
        return [error.code().value[0], error.details()]
    return [0, ""]


unary = channel.unary_unary(service + "Unary")
_, call = unary.with_call(hi, metadata=[("echo-bin", octets)], timeout=5)
many = b"\x08\x02\x10\x03"  # Envelope { index: 2, count: 3 }

server_stream = channel.unary_stream(service + "ServerStream")
client_stream = channel.stream_unary(service + "ClientStream")
bidi = channel.stream_stream(service + "Bidi")
gzip, deflate = grpc.Compression.Gzip, grpc.Compression.Deflate

outcome = {
    "codes": [code_of(code) for code in range(17)],
    "binary": dict(call.trailing_metadata())["echo-bin"] == octets,
    "unary": unary(hi, timeout=5) == hi,
    "compressed": unary(zeros, timeout=5, compression=gzip) == zeros,
    "deflated": unary(zeros, timeout=5, compression=deflate) == zeros,
    "server stream": len(list(server_stream(many, timeout=5))),
    "client stream": client_stream(iter([zeros, zeros]), timeout=5).hex(),
    "bidi": list(bidi(iter([hi, ho]), timeout=5)) == [hi, ho],
}
print(json.dumps(outcome))

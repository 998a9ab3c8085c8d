// Runs the interop cases against a server, and prints their results as JSON: {case: null or what failed}.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "grpc/testing"
)

const (
	initialKey  = "x-grpc-test-echo-initial"
	trailingKey = "x-grpc-test-echo-trailing-bin"
	special     = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
)

var (
	requestSizes  = []int{27182, 8, 1828, 45904}
	responseSizes = []int32{31415, 9, 2653, 58979}
	target        = flag.String("target", "", "host:port")
	ca            = flag.String("ca", "", "a file of whom to trust; without it there is no TLS")
	_             = flag.String("descriptors", "", "not needed")
)

// A case panics where a result is not what it must be.
type testCase func(ctx context.Context, stub pb.TestServiceClient)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func equal(actual, expected interface{}) {
	if !reflect.DeepEqual(actual, expected) {
		panic(fmt.Sprintf("must be %.200q, got %.200q", fmt.Sprint(expected), fmt.Sprint(actual)))
	}
}

func failure(err error, code codes.Code) *status.Status {
	equal(status.Code(err), code)
	return status.Convert(err)
}

func connect() *grpc.ClientConn {
	security := grpc.WithInsecure()
	if *ca != "" {
		trust, err := credentials.NewClientTLSFromFile(*ca, "")
		must(err)
		security = grpc.WithTransportCredentials(trust)
	}
	connection, err := grpc.Dial(*target, security)
	must(err)
	return connection
}

func zeros(size int) *pb.Payload {
	return &pb.Payload{Body: make([]byte, size)}
}

func checkZeros(payload *pb.Payload, size int32) {
	equal(len(payload.GetBody()), int(size))
	equal(bytes.Count(payload.GetBody(), []byte{0}), int(size))
}

func unary(ctx context.Context, stub pb.TestServiceClient, request *pb.SimpleRequest, options ...grpc.CallOption) error {
	response, err := stub.UnaryCall(ctx, request, options...)
	if err == nil {
		checkZeros(response.Payload, request.ResponseSize)
	}
	return err
}

func large() *pb.SimpleRequest {
	return &pb.SimpleRequest{ResponseSize: 314159, Payload: zeros(271828)}
}

func output(sizes ...int32) *pb.StreamingOutputCallRequest {
	request := &pb.StreamingOutputCallRequest{}
	for _, size := range sizes {
		request.ResponseParameters = append(request.ResponseParameters, &pb.ResponseParameters{Size: size})
	}
	return request
}

func upload(ctx context.Context, stub pb.TestServiceClient, expected *pb.BoolValue, options ...grpc.CallOption) error {
	stream, err := stub.StreamingInputCall(ctx, options...)
	must(err)
	for _, size := range requestSizes {
		// A server that refuses the first one is told of by CloseAndRecv.
		_ = stream.Send(&pb.StreamingInputCallRequest{Payload: zeros(size), ExpectCompressed: expected})
	}
	response, err := stream.CloseAndRecv()
	if err == nil {
		equal(response.AggregatedPayloadSize, int32(74922))
	}
	return err
}

func checkEcho(header, trailer metadata.MD, initial, trailing string) {
	equal(header.Get(initialKey), []string{initial})
	equal(trailer.Get(trailingKey), []string{trailing})
}

func echoUnary(ctx context.Context, stub pb.TestServiceClient, initial, trailing string) {
	var header, trailer metadata.MD
	ctx = metadata.AppendToOutgoingContext(ctx, initialKey, initial, trailingKey, trailing)
	must(unary(ctx, stub, large(), grpc.Header(&header), grpc.Trailer(&trailer)))
	checkEcho(header, trailer, initial, trailing)
}

func failedUnary(ctx context.Context, stub pb.TestServiceClient, code codes.Code, text string) *status.Status {
	request := &pb.SimpleRequest{ResponseStatus: &pb.EchoStatus{Code: int32(code), Message: text}}
	return failure(unary(ctx, stub, request), code)
}

var cases = map[string]testCase{
	"empty_unary": func(ctx context.Context, stub pb.TestServiceClient) {
		_, err := stub.EmptyCall(ctx, &pb.Empty{})
		must(err)
	},
	"large_unary": func(ctx context.Context, stub pb.TestServiceClient) {
		must(unary(ctx, stub, large()))
	},
	"client_streaming": func(ctx context.Context, stub pb.TestServiceClient) {
		must(upload(ctx, stub, nil))
	},
	"server_streaming": func(ctx context.Context, stub pb.TestServiceClient) {
		stream, err := stub.StreamingOutputCall(ctx, output(responseSizes...))
		must(err)
		for _, size := range responseSizes {
			response, err := stream.Recv()
			must(err)
			checkZeros(response.Payload, size)
		}
		_, err = stream.Recv()
		equal(err, io.EOF)
	},
	"ping_pong": func(ctx context.Context, stub pb.TestServiceClient) {
		stream, err := stub.FullDuplexCall(ctx)
		must(err)
		for index, size := range responseSizes {
			request := output(size)
			request.Payload = zeros(requestSizes[index])
			must(stream.Send(request))
			response, err := stream.Recv()
			must(err)
			checkZeros(response.Payload, size)
		}
		must(stream.CloseSend())
		_, err = stream.Recv()
		equal(err, io.EOF)
	},
	"empty_stream": func(ctx context.Context, stub pb.TestServiceClient) {
		stream, err := stub.FullDuplexCall(ctx)
		must(err)
		must(stream.CloseSend())
		_, err = stream.Recv()
		equal(err, io.EOF)
	},
	"client_compressed_unary": func(ctx context.Context, stub pb.TestServiceClient) {
		request := large()
		request.ExpectCompressed = &pb.BoolValue{Value: true}
		failure(unary(ctx, stub, request), codes.InvalidArgument)
		must(unary(ctx, stub, request, grpc.UseCompressor(gzip.Name)))
		request.ExpectCompressed.Value = false
		must(unary(ctx, stub, request))
		_, err := stub.EmptyCall(ctx, &pb.Empty{}, grpc.UseCompressor(gzip.Name))
		must(err)
	},
	"client_compressed_streaming": func(ctx context.Context, stub pb.TestServiceClient) {
		expected := &pb.BoolValue{Value: true}
		failure(upload(ctx, stub, expected), codes.InvalidArgument)
		must(upload(ctx, stub, expected, grpc.UseCompressor(gzip.Name)))
	},
	"server_compressed_unary": func(ctx context.Context, stub pb.TestServiceClient) {
		for _, value := range []bool{true, false} {
			request := large()
			request.ResponseCompressed = &pb.BoolValue{Value: value}
			must(unary(ctx, stub, request))
		}
	},
	"server_compressed_streaming": func(ctx context.Context, stub pb.TestServiceClient) {
		request := output(31415, 92653)
		request.ResponseParameters[0].Compressed = &pb.BoolValue{Value: true}
		stream, err := stub.StreamingOutputCall(ctx, request)
		must(err)
		for _, parameters := range request.ResponseParameters {
			response, err := stream.Recv()
			must(err)
			checkZeros(response.Payload, parameters.Size)
		}
	},
	"custom_metadata": func(ctx context.Context, stub pb.TestServiceClient) {
		initial, trailing := "test_initial_metadata_value", "\xab\xab\xab"
		echoUnary(ctx, stub, initial, trailing)
		ctx = metadata.AppendToOutgoingContext(ctx, initialKey, initial, trailingKey, trailing)
		stream, err := stub.FullDuplexCall(ctx)
		must(err)
		must(stream.Send(output(314159)))
		must(stream.CloseSend())
		_, err = stream.Recv()
		must(err)
		_, err = stream.Recv()
		equal(err, io.EOF)
		header, err := stream.Header()
		must(err)
		checkEcho(header, stream.Trailer(), initial, trailing)
	},
	"binary_metadata": func(ctx context.Context, stub pb.TestServiceClient) {
		everyByte := make([]byte, 256)
		for index := range everyByte {
			everyByte[index] = byte(index)
		}
		for _, length := range []int{1, 2, 3, 4, 256} {
			echoUnary(ctx, stub, fmt.Sprint("length ", length), string(everyByte[256-length:]))
		}
	},
	"status_code_and_message": func(ctx context.Context, stub pb.TestServiceClient) {
		text := "test status message"
		equal(failedUnary(ctx, stub, codes.Unknown, text).Message(), text)
		stream, err := stub.FullDuplexCall(ctx)
		must(err)
		request := output()
		request.ResponseStatus = &pb.EchoStatus{Code: 2, Message: text}
		must(stream.Send(request))
		_, err = stream.Recv()
		equal(failure(err, codes.Unknown).Message(), text)
	},
	"special_status_message": func(ctx context.Context, stub pb.TestServiceClient) {
		equal(failedUnary(ctx, stub, codes.Unknown, special).Message(), special)
	},
	"all_status_codes": func(ctx context.Context, stub pb.TestServiceClient) {
		must(unary(ctx, stub, &pb.SimpleRequest{ResponseStatus: &pb.EchoStatus{Message: "unused"}}))
		for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
			text := fmt.Sprint("code ", code)
			equal(failedUnary(ctx, stub, code, text).Message(), text)
		}
	},
	"status_details": func(ctx context.Context, stub pb.TestServiceClient) {
		text := "na\u00efve \u263a"
		found := []string{}
		for _, detail := range failedUnary(ctx, stub, codes.InvalidArgument, text).Details() {
			switch detail := detail.(type) {
			case *errdetails.ErrorInfo:
				found = append(found, detail.Reason+" "+detail.Domain)
			case *errdetails.BadRequest:
				for _, violation := range detail.FieldViolations {
					found = append(found, violation.Field+": "+violation.Description)
				}
			}
		}
		equal(found, []string{"INVALID_ARGUMENT grpc.testing.TestService", "response_status: " + text})
	},
	"long_status_message": func(ctx context.Context, stub pb.TestServiceClient) {
		text := strings.Repeat("\u263a", 3000)
		equal(failedUnary(ctx, stub, codes.NotFound, text).Message()[:900], text[:900])
	},
	"unimplemented_method": func(ctx context.Context, stub pb.TestServiceClient) {
		_, err := stub.UnimplementedCall(ctx, &pb.Empty{})
		failure(err, codes.Unimplemented)
	},
	"unimplemented_service": func(ctx context.Context, _ pb.TestServiceClient) {
		connection := connect()
		defer connection.Close()
		_, err := pb.NewUnimplementedServiceClient(connection).UnimplementedCall(ctx, &pb.Empty{})
		failure(err, codes.Unimplemented)
	},
	"cancel_after_begin": func(ctx context.Context, stub pb.TestServiceClient) {
		ctx, cancel := context.WithCancel(ctx)
		stream, err := stub.StreamingInputCall(ctx)
		must(err)
		cancel()
		_, err = stream.CloseAndRecv()
		failure(err, codes.Canceled)
	},
	"cancel_after_first_response": func(ctx context.Context, stub pb.TestServiceClient) {
		ctx, cancel := context.WithCancel(ctx)
		stream, err := stub.FullDuplexCall(ctx)
		must(err)
		must(stream.Send(output(31415)))
		response, err := stream.Recv()
		must(err)
		checkZeros(response.Payload, 31415)
		cancel()
		_, err = stream.Recv()
		failure(err, codes.Canceled)
	},
	"timeout_on_sleeping_server": func(ctx context.Context, stub pb.TestServiceClient) {
		ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		stream, err := stub.FullDuplexCall(ctx)
		if err == nil {
			_ = stream.Send(&pb.StreamingOutputCallRequest{Payload: zeros(27182)})
			_, err = stream.Recv()
		}
		failure(err, codes.DeadlineExceeded)
	},
	"rpc_soak": func(ctx context.Context, stub pb.TestServiceClient) {
		for call := 0; call < 20; call++ {
			must(unary(ctx, stub, large()))
		}
	},
	"channel_soak": func(ctx context.Context, _ pb.TestServiceClient) {
		for call := 0; call < 20; call++ {
			connection := connect()
			must(unary(ctx, pb.NewTestServiceClient(connection), large()))
			connection.Close()
		}
	},
}

func result(run testCase, stub pb.TestServiceClient) (failed interface{}) {
	defer func() {
		if reason := recover(); reason != nil {
			failed = fmt.Sprint(reason)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	run(ctx, stub)
	return nil
}

func main() {
	flag.Parse()
	connection := connect()
	defer connection.Close()
	results := map[string]interface{}{}
	for name, run := range cases {
		results[name] = result(run, pb.NewTestServiceClient(connection))
	}
	must(json.NewEncoder(os.Stdout).Encode(results))
}

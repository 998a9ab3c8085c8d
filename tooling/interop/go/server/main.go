// Serves TestService at a free port, prints the port, and ends when its standard input does.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // Takes requests that are compressed.
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "grpc/testing"
)

type testService struct {
	pb.UnimplementedTestServiceServer
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func statusOf(echo *pb.EchoStatus) error {
	if echo.GetCode() == 0 {
		return nil
	}
	violation := &errdetails.BadRequest_FieldViolation{Field: "response_status", Description: echo.Message}
	details := &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{violation}}
	failed, err := status.New(codes.Code(echo.Code), echo.Message).WithDetails(details)
	must(err)
	return failed.Err()
}

func echoes(ctx context.Context) (header, trailer metadata.MD) {
	const initial, trailing = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
	received, _ := metadata.FromIncomingContext(ctx)
	header, trailer = metadata.MD{}, metadata.MD{}
	header.Set(initial, received.Get(initial)...)
	trailer.Set(trailing, received.Get(trailing)...)
	return header, trailer
}

func (*testService) EmptyCall(context.Context, *pb.Empty) (*pb.Empty, error) {
	return &pb.Empty{}, nil
}

func (*testService) UnaryCall(ctx context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	header, trailer := echoes(ctx)
	must(grpc.SetHeader(ctx, header))
	must(grpc.SetTrailer(ctx, trailer))
	if err := statusOf(request.ResponseStatus); err != nil {
		return nil, err
	}
	return &pb.SimpleResponse{Payload: &pb.Payload{Body: make([]byte, request.ResponseSize)}}, nil
}

type responses interface {
	Send(*pb.StreamingOutputCallResponse) error
}

func respond(request *pb.StreamingOutputCallRequest, stream responses) error {
	if err := statusOf(request.ResponseStatus); err != nil {
		return err
	}
	for _, parameters := range request.ResponseParameters {
		time.Sleep(time.Duration(parameters.IntervalUs) * time.Microsecond)
		payload := &pb.Payload{Body: make([]byte, parameters.Size)}
		if err := stream.Send(&pb.StreamingOutputCallResponse{Payload: payload}); err != nil {
			return err
		}
	}
	return nil
}

func (*testService) StreamingOutputCall(
	request *pb.StreamingOutputCallRequest,
	stream pb.TestService_StreamingOutputCallServer,
) error {
	return respond(request, stream)
}

func (*testService) StreamingInputCall(stream pb.TestService_StreamingInputCallServer) error {
	size := 0
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return stream.SendAndClose(&pb.StreamingInputCallResponse{AggregatedPayloadSize: int32(size)})
		}
		if err != nil {
			return err
		}
		size += len(request.Payload.GetBody())
	}
}

func (*testService) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	header, trailer := echoes(stream.Context())
	must(stream.SetHeader(header))
	stream.SetTrailer(trailer)
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := respond(request, stream); err != nil {
			return err
		}
	}
}

func main() {
	certificate := flag.String("cert", "", "a file of the certificate; without it there is no TLS")
	key := flag.String("key", "", "a file of its key")
	flag.String("descriptors", "", "not needed")
	flag.Parse()
	var options []grpc.ServerOption
	if *certificate != "" {
		tls, err := credentials.NewServerTLSFromFile(*certificate, *key)
		must(err)
		options = append(options, grpc.Creds(tls))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	server := grpc.NewServer(options...)
	pb.RegisterTestServiceServer(server, &testService{})
	go func() { must(server.Serve(listener)) }()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	_, _ = io.Copy(io.Discard, os.Stdin)
	server.Stop()
}

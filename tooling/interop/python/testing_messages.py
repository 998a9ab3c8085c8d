"""Messages made at run time of a FileDescriptorSet, so that nothing has to be generated."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


def load_messages(path):
    """A function that gives the class of a message by its full name."""
    files = descriptor_pb2.FileDescriptorSet()
    with open(path, "rb") as file:
        files.ParseFromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)

    def message(name):
        descriptor = pool.FindMessageTypeByName(name)
        if hasattr(message_factory, "GetMessageClass"):
            return message_factory.GetMessageClass(descriptor)
        return message_factory.MessageFactory(pool).GetPrototype(descriptor)  # protobuf < 4.22

    return message

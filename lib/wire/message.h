// Encoding and decoding of request and response bodies.
//
// Every message is a struct in a header of its own (produce.h, fetch.h, ...) with a Visit function;
// its codec is compiled once, in the .cc beside it. Include this and the message's header:
//
//   StatusOr<HeartbeatRequest> request = Decode<HeartbeatRequest>(body, version);
//
// Strings and record bytes of a decoded message are views into the buffer it was read from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/writer.h"
#include "runnel/error.h"

namespace runnel::wire {

// The codec of T, one of the messages. Defined in message_impl.h, instantiated by T's .cc.
template <class T>
struct Message {
  static StatusOr<T> Decode(std::string_view bytes, int16_t version);
  static Status Encode(const T& message, int16_t version, std::string& out,
                       std::vector<codec::Splice>* splices);
};

// Reads a body. Bytes after it are ignored, as Kafka's brokers do.
// Errors: kUnsupportedVersion; kInvalidRequest naming the field.
// Lifetime: the result borrows `bytes`.
// Cost: arrays take at most 4 times the size of `bytes` plus 1 MiB.
template <class T>
StatusOr<T> Decode(std::string_view bytes, int16_t version) {
  return Message<T>::Decode(bytes, version);
}

// Appends a body to `out`. Fields that `version` lacks are left out, whatever their value.
// With `splices`, record bytes from 1 KiB on are listed there and not copied.
// Errors: kUnsupportedVersion; kInvalidRequest when a string is longer than 32,767 bytes.
template <class T>
Status Encode(const T& message, int16_t version, std::string& out,
              std::vector<codec::Splice>* splices = nullptr) {
  return Message<T>::Encode(message, version, out, splices);
}

}  // namespace runnel::wire

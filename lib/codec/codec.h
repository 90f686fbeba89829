// Encoding and decoding of whole messages and records.
//
// Each format is one struct with a kApi and a static Visit function that names its fields in wire
// order. Reader, Writer, JsonWriter and Describer walk it:
//
//   struct HeartbeatResponse {
//     static constexpr Api kApi{.key = 12, .versions = {0, 4}, .flexible_since = 4};
//     int32_t throttle_time_ms = 0;
//     ErrorCode error_code = ErrorCode::kNone;
//
//     template <class Self, class Codec>
//     static void Visit(Self& m, Codec& c) {
//       c.Field("ThrottleTimeMs", m.throttle_time_ms, Since(1));
//       c.Field("ErrorCode", m.error_code);
//     }
//   };
//
// Fields may be bool, integers, double, Uuid, typed integers, enumerators, strings, structs with a
// Visit, std::vector of these, and std::optional, which means nullable. A string member is a
// std::string_view, which borrows the buffer, or a std::string. Byte strings use Bytes(), record
// batches Records(), tagged fields Tagged(). Initialisers are the defaults of absent fields.
//
// These templates instantiate a whole struct tree: call them in a .cc file, once per type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "codec/reader.h"
#include "codec/writer.h"
#include "runnel/error.h"

namespace runnel::codec {

// Errors: kUnsupportedVersion naming key, version and range.
Status CheckVersion(const Api& api, int16_t version);

// Reads a body. Bytes after it are ignored, as Kafka's brokers do.
// Errors: kUnsupportedVersion; kInvalidRequest naming the field.
// Lifetime: views in the result borrow `bytes`.
template <class T>
StatusOr<T> Decode(std::string_view bytes, int16_t version) {
  if (Status status = CheckVersion(T::kApi, version); !status.ok()) return status;
  StatusOr<T> result{T{}};
  Reader reader(bytes, version, T::kApi.IsFlexible(version));
  reader.Struct(*result);
  if (!reader.ok()) return reader.status();
  return result;
}

// Appends a body to `out`. With `splices`, large record bytes are listed there, not copied.
// Errors: kUnsupportedVersion; kInvalidRequest when a string is longer than 32,767 bytes.
template <class T>
Status Encode(const T& value, int16_t version, std::string& out,
              std::vector<Splice>* splices = nullptr) {
  if (Status status = CheckVersion(T::kApi, version); !status.ok()) return status;
  Writer writer(out, version, T::kApi.IsFlexible(version), splices);
  writer.Struct(value);
  return writer.status();
}

// Reads `[version: int16][fields]`, the value of a coordinator record; for keys the number in
// front is the record type, see TakeInt16. Errors: as Decode.
template <class T>
StatusOr<T> DecodeVersioned(std::string_view bytes);

// Appends `[version: int16][fields]`. Errors: as Encode.
template <class T>
Status EncodeVersioned(const T& value, int16_t version, std::string& out);

// A big-endian int16 off the front of `bytes`. Errors: kInvalidRequest.
StatusOr<int16_t> TakeInt16(std::string_view& bytes);
void AppendInt16(std::string& out, int16_t value);

template <class T>
StatusOr<T> DecodeVersioned(std::string_view bytes) {
  StatusOr<int16_t> version = TakeInt16(bytes);
  if (!version.ok()) return version.status();
  return Decode<T>(bytes, *version);
}

template <class T>
Status EncodeVersioned(const T& value, int16_t version, std::string& out) {
  AppendInt16(out, version);
  return Encode(value, version, out);
}

}  // namespace runnel::codec

// Prints structs as JSON by walking their Visit functions, as Kafka's dump tool prints records:
// {"offset":10,"leaderEpoch":0,"metadata":"in txn","commitTimestamp":1795222027426}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "codec/format.h"
#include "runnel/types.h"

namespace runnel::codec {

// Appends JSON text. Names start in lower case; bytes are base64, ids URL-safe base64 text; tagged
// fields equal to their default are left out. Text goes out as it is, but for quotes, backslashes
// and control characters.
//
// Thread safety: thread-compatible.
class JsonWriter {
 public:
  JsonWriter(std::string& out, int16_t version) : out_(out), version_(version) {}

  template <class T>
  void Field(const char* name, const T& field, FieldSpec spec = {}) {
    if (Enter(name, spec)) Value(field);
  }
  template <class T>
  void Bytes(const char* name, const T& field, FieldSpec spec = {}) {
    if (Enter(name, spec)) BytesValue(field);
  }
  template <class T>
  void Records(const char* name, const T& field, FieldSpec spec = {}) {
    if (Enter(name, spec)) BytesValue(field);
  }
  template <class T>
  void Tagged(uint32_t, const char* name, const T& field, FieldSpec spec = {}) {
    if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      if (static_cast<int64_t>(field) == spec.default_value) return;
    } else {
      if (field == T{}) return;
    }
    if (Enter(name, spec)) Value(field);
  }
  int16_t version() const { return version_; }

  template <class T>
  void Struct(const T& value) {
    const bool outer = std::exchange(first_, true);
    out_.push_back('{');
    T::Visit(value, *this);
    out_.push_back('}');
    first_ = outer;
  }

 private:
  void Value(bool value);
  void Value(int64_t value);
  void Value(double value);
  void Value(const Uuid& value);
  void Value(std::string_view value);
  void Value(const std::string& value) { Value(std::string_view(value)); }
  template <class T>
  requires(std::is_integral_v<T>) void Value(T value) { Value(static_cast<int64_t>(value)); }
  template <class Tag, class Rep>
  void Value(const TypedInt<Tag, Rep>& value) {
    Value(static_cast<int64_t>(value.value()));
  }
  template <class T>
  requires std::is_enum_v<T>
  void Value(T value) { Value(static_cast<int64_t>(value)); }
  template <class T>
  requires std::is_class_v<T>
  void Value(const T& value) { Struct(value); }
  template <class T>
  void Value(const std::vector<T>& values) {
    out_.push_back('[');
    bool first = true;
    for (const T& value : values) {
      if (!std::exchange(first, false)) out_.push_back(',');
      Value(value);
    }
    out_.push_back(']');
  }
  template <class T>
  void Value(const std::optional<T>& value) {
    value ? Value(*value) : Null();
  }
  void BytesValue(std::string_view bytes);
  void BytesValue(const std::vector<std::string_view>& parts);
  template <class T>
  void BytesValue(const std::optional<T>& bytes) {
    bytes ? BytesValue(*bytes) : Null();
  }
  bool Enter(const char* name, FieldSpec spec);
  void Null();

  std::string& out_;
  int16_t version_;
  bool first_ = true;  // no field of the current struct has been printed
};

// One struct as JSON, with the fields of `version`. Instantiate in a .cc file.
template <class T>
std::string ToJson(const T& value, int16_t version) {
  std::string out;
  JsonWriter(out, version).Struct(value);
  return out;
}

}  // namespace runnel::codec

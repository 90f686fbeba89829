// Writes structs in Kafka's encoding by walking their Visit functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::codec {

// Large record bytes that were not copied into the output: `bytes` belongs at `position` of it.
// A sender writes output up to the position, then the bytes, then goes on.
struct Splice {
  size_t position = 0;
  std::string_view bytes;
};

// Appends to a string. A field that the version lacks is not written, whatever its value.
//
// Thread safety: thread-compatible.
// Lifetime: `out` and `splices` outlive the writer; splices borrow from the struct.
class Writer {
 public:
  // Strings up to this size fit every version.
  static constexpr size_t kMaxStringBytes = 32767;
  // Record bytes of at least this size are spliced, when the caller takes splices.
  static constexpr size_t kMinSpliceBytes = 1024;

  Writer(std::string& out, int16_t version, bool flexible, std::vector<Splice>* splices = nullptr);

  // Called by Visit functions, in wire order; tagged fields last, by rising tag.
  template <class T>
  void Field(const char* name, const T& field, FieldSpec spec = {}) {
    if (Enter(name, spec)) Value(field);
  }
  template <class T>
  void Bytes(const char* name, const T& field, FieldSpec spec = {}) {
    if (Enter(name, spec)) BytesValue(field);
  }
  // Like Bytes; T may also be a std::vector<std::string_view> of parts to be written as one.
  template <class T>
  void Records(const char* name, const T& field, FieldSpec spec = {}) {
    if (Enter(name, spec)) RecordsValue(field);
  }
  // Left out when equal to its default: `spec.default_value` for numbers, else T{}.
  template <class T>
  void Tagged(uint32_t tag, const char* name, const T& field, FieldSpec spec = {}) {
    if (IsDefault(field, spec) || !EnterTagged(tag, name, spec)) return;
    const size_t begin = out_.size();
    const bool outer = std::exchange(in_tag_, true);
    Value(field);
    in_tag_ = outer;
    EndTagged(tag, begin);
  }
  int16_t version() const { return version_; }

  // Writes a whole struct, with its tagged fields.
  template <class T>
  void Struct(const T& value) {
    const bool outer_tag = std::exchange(in_tag_, false);
    TagSection outer = std::exchange(tags_, TagSection{});
    T::Visit(value, *this);
    if (flexible_) WriteTags();
    tags_ = std::move(outer);
    in_tag_ = outer_tag;
  }

  // kInvalidRequest naming the field when a length did not fit its encoding.
  Status status() const;

  // Single values in the encoding of the current field.
  void Value(bool value);
  void Value(int8_t value);
  void Value(int16_t value);
  void Value(uint16_t value);
  void Value(int32_t value);
  void Value(uint32_t value);
  void Value(int64_t value);
  void Value(double value);
  void Value(const Uuid& value);
  void Value(std::string_view value);
  void Value(const std::string& value) { Value(std::string_view(value)); }

 private:
  struct TagSection {
    uint32_t count = 0;
    std::string bytes;
  };

  template <class Tag, class Rep>
  void Value(const TypedInt<Tag, Rep>& value) {
    Value(value.value());
  }
  template <class T>
  requires std::is_enum_v<T>
  void Value(T value) { Value(static_cast<std::underlying_type_t<T>>(value)); }
  template <class T>
  requires std::is_class_v<T>
  void Value(const T& value) { Struct(value); }
  template <class T>
  void Value(const std::vector<T>& values) {
    ArrayCount(values.size());
    for (const T& value : values)
      Value(value);
  }
  template <class T>
  void Value(const std::optional<std::vector<T>>& values) {
    if (values) return Value(*values);
    nullable_ ? NullArray() : ArrayCount(0);
  }
  template <class T>
  void Value(const std::optional<T>& value) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      if (value) return Value(std::string_view(*value));
      nullable_ ? NullString() : Value(std::string_view());
    } else {
      StructMark(value.has_value());
      if (value) Struct(*value);
    }
  }

  void BytesValue(std::string_view bytes);
  template <class T>
  void BytesValue(const std::optional<T>& bytes) {
    if (bytes) return BytesValue(*bytes);
    nullable_ ? NullBytes() : BytesValue(std::string_view());
  }
  void RecordsValue(std::string_view bytes);
  void RecordsValue(const std::vector<std::string_view>& parts);
  template <class T>
  void RecordsValue(const std::optional<T>& records) {
    if (records) return RecordsValue(*records);
    nullable_ ? NullBytes() : BytesValue(std::string_view());
  }

  template <class T>
  static bool IsDefault(const T& field, const FieldSpec& spec) {
    if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      return static_cast<int64_t>(field) == spec.default_value;
    } else {
      return field == T{};
    }
  }
  template <class Tag, class Rep>
  static bool IsDefault(const TypedInt<Tag, Rep>& field, const FieldSpec& spec) {
    return static_cast<int64_t>(field.value()) == spec.default_value;
  }

  bool Enter(const char* name, FieldSpec spec);
  bool EnterTagged(uint32_t tag, const char* name, FieldSpec spec);
  // Moves what was written since `begin` into the tagged section of the current struct.
  void EndTagged(uint32_t tag, size_t begin);
  void WriteTags();
  void ArrayCount(size_t count);
  void BytesLength(size_t size);
  void NullArray();
  void NullString();
  void NullBytes();
  void StructMark(bool present);
  void AppendRecords(std::string_view bytes);
  template <class T>
  void BigEndian(T value);
  void Fail();

  std::string& out_;
  std::vector<Splice>* splices_;
  int16_t version_;
  bool flexible_;
  const char* name_ = "";
  bool field_flexible_ = false;
  bool nullable_ = false;
  bool in_tag_ = false;
  TagSection tags_;                    // of the struct being written
  const char* failed_name_ = nullptr;  // field of the first failure
};

}  // namespace runnel::codec

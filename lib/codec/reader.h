// Reads structs from Kafka's encoding by walking their Visit functions.
#pragma once

#include <algorithm>
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

// One pass over a buffer. A field that a version lacks keeps its member initialiser, so read into
// a fresh struct. After the first error every read does nothing; ask status() at the end.
//
// Bytes are never trusted: a length is checked against the bytes left before anything is
// allocated, and memory grows with elements read, not with elements announced. Nesting is as deep
// as the C++ types are, never deeper. All arrays together take at most kMemoryPerByte times the
// input plus kFreeMemoryBytes; an input that asks for more is refused.
//
// Thread safety: thread-compatible.
// Lifetime: std::string_view members borrow `bytes`; std::string members copy.
class Reader {
 public:
  // A million empty strings are a megabyte on the wire and sixteen in memory: what real requests
  // never hold, hostile ones do.
  static constexpr size_t kMemoryPerByte = 4;
  static constexpr size_t kFreeMemoryBytes = size_t{1} << 20;

  Reader(std::string_view bytes, int16_t version, bool flexible);

  // Called by Visit functions, in wire order; tagged fields last, by rising tag.
  template <class T>
  void Field(const char* name, T& field, FieldSpec spec = {}) {
    if (Enter(name, spec)) Value(field);
  }
  // Bytes, and record batches, which look the same on the wire. T is std::string_view,
  // std::string, or std::optional of these.
  template <class T>
  void Bytes(const char* name, T& field, FieldSpec spec = {}) {
    if (Enter(name, spec)) BytesValue(field);
  }
  template <class T>
  void Records(const char* name, T& field, FieldSpec spec = {}) {
    if (Enter(name, spec)) BytesValue(field);
  }
  template <class T>
  void Tagged(uint32_t tag, const char* name, T& field, FieldSpec spec = {}) {
    if (EnterTagged(tag, name, spec)) Value(field);
  }
  int16_t version() const { return version_; }

  // Reads a whole struct, with its tagged fields.
  template <class T>
  void Struct(T& out) {
    const int64_t outer_tag = std::exchange(tag_, kSequence);
    T::Visit(out, *this);
    if (flexible_) {
      TagSection section = BeginTags();
      while (NextTag(section))
        T::Visit(out, *this);
    }
    tag_ = outer_tag;
  }

  // kInvalidRequest naming the field, the bytes it needs and the bytes left.
  Status status() const;
  bool ok() const { return failure_ == nullptr; }
  // Bytes not read yet.
  std::string_view rest() const { return {position_, static_cast<size_t>(end_ - position_)}; }

  // Single values in the encoding of the current field.
  void Value(bool& out);
  void Value(int8_t& out);
  void Value(int16_t& out);
  void Value(uint16_t& out);
  void Value(int32_t& out);
  void Value(uint32_t& out);
  void Value(int64_t& out);
  void Value(double& out);
  void Value(Uuid& out);
  void Value(std::string_view& out);
  void Value(std::string& out);
  void Value(std::optional<std::string_view>& out);
  void Value(std::optional<std::string>& out);

 private:
  static constexpr int64_t kSequence = -1;  // value of tag_ outside the tagged section

  struct TagSection {
    uint32_t left = 0;
    int64_t previous = -1;
    const char* outer_end = nullptr;
  };

  template <class Tag, class Rep>
  void Value(TypedInt<Tag, Rep>& out) {
    Rep number{};
    Value(number);
    out = TypedInt<Tag, Rep>(number);
  }
  template <class T>
  requires std::is_enum_v<T>
  void Value(T& out) {
    std::underlying_type_t<T> number{};
    Value(number);
    out = static_cast<T>(number);
  }
  template <class T>
  requires std::is_class_v<T>
  void Value(T& out) { Struct(out); }
  template <class T>
  void Value(std::vector<T>& out) {
    const int64_t count = ArrayCount();
    if (count < 0) return FailNull();
    Elements(out, static_cast<size_t>(count));
  }
  template <class T>
  void Value(std::optional<std::vector<T>>& out) {
    const int64_t count = ArrayCount();
    if (count < 0) return SetNull(out);
    Elements(out.emplace(), static_cast<size_t>(count));
  }
  template <class T>
  void Value(std::optional<T>& out) {
    if (!StructPresent()) return SetNull(out);
    Struct(out.emplace());
  }
  template <class T>
  void Elements(std::vector<T>& out, size_t count) {
    out.clear();
    // An element takes at least a byte; begin with no more memory than there are bytes.
    size_t capacity = std::min(count, rest().size() / sizeof(T) + 1);
    for (size_t i = 0; i < count && ok(); ++i) {
      if (i == out.capacity()) {
        if (!ChargeMemory(capacity * sizeof(T), i * sizeof(T))) return;
        out.reserve(capacity);
        capacity = std::min(count, 2 * capacity);
      }
      Value(out.emplace_back());
    }
  }
  template <class T>
  void SetNull(std::optional<T>& out) {
    out.reset();
    if (!nullable_) FailNull();
  }

  void BytesValue(std::string_view& out);
  void BytesValue(std::string& out);
  void BytesValue(std::optional<std::string_view>& out);
  void BytesValue(std::optional<std::string>& out);
  void BytesValue(std::vector<std::string_view>& out);
  void BytesValue(std::optional<std::vector<std::string_view>>& out);

  bool Enter(const char* name, FieldSpec spec);
  bool EnterTagged(uint32_t tag, const char* name, FieldSpec spec);
  TagSection BeginTags();
  bool NextTag(TagSection& section);
  // Elements announced, at most the bytes left; -1 for null or after a failure.
  int64_t ArrayCount();
  // Counts an array that grows from `old_bytes` to `new_bytes`; false after a failure.
  bool ChargeMemory(size_t new_bytes, size_t old_bytes);
  bool StructPresent();
  // The next string or byte string; nullopt for null or after a failure.
  std::optional<std::string_view> TakeString();
  std::optional<std::string_view> TakeBytes();
  // `size` bytes, or null after a failure.
  const char* Take(size_t size);
  uint32_t TakeUvarint32();
  template <class T>
  void BigEndian(T& out);
  void Fail(const char* what);
  void FailNull();

  const char* begin_;
  const char* position_;
  const char* end_;
  size_t memory_left_bytes_;  // that arrays may still take
  int16_t version_;
  bool flexible_;
  // Of the field being read.
  const char* name_ = "";
  bool field_flexible_ = false;
  bool nullable_ = false;
  int64_t tag_ = kSequence;  // the tag being looked for while in a tagged section
  // The first failure.
  const char* failure_ = nullptr;
  const char* failed_name_ = "";
  size_t failed_position_ = 0;
  size_t failed_left_ = 0;
};

}  // namespace runnel::codec

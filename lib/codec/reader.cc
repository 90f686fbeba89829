#include "codec/reader.h"

#include <bit>
#include <cstring>

#include "base/strings.h"
#include "codec/varint.h"

namespace runnel::codec {

Reader::Reader(std::string_view bytes, int16_t version, bool flexible)
    : begin_(bytes.data()),
      position_(bytes.data()),
      end_(bytes.data() + bytes.size()),
      memory_left_bytes_(kFreeMemoryBytes + kMemoryPerByte * bytes.size()),
      version_(version),
      flexible_(flexible),
      field_flexible_(flexible) {}

Status Reader::status() const {
  if (ok()) return OkStatus();
  return Error(ErrorCode::kInvalidRequest,
               base::StrCat("field ", failed_name_, " ", failure_, " at byte ", failed_position_,
                            ", ", failed_left_, " bytes left"));
}

void Reader::Fail(const char* what) {
  if (!ok()) return;
  failure_ = what;
  failed_name_ = name_;
  failed_position_ = static_cast<size_t>(position_ - begin_);
  failed_left_ = rest().size();
  position_ = end_;
}

void Reader::FailNull() {
  Fail("must not be null");
}

bool Reader::Enter(const char* name, FieldSpec spec) {
  if (tag_ != kSequence || !spec.versions.Contains(version_) || !ok()) return false;
  name_ = name;
  field_flexible_ = flexible_ && !spec.never_flexible;
  nullable_ = spec.nullable.Contains(version_);
  return true;
}

bool Reader::EnterTagged(uint32_t tag, const char* name, FieldSpec spec) {
  if (tag_ != int64_t{tag} || !spec.versions.Contains(version_) || !ok()) return false;
  name_ = name;
  field_flexible_ = flexible_;
  nullable_ = spec.nullable.Contains(version_);
  return true;
}

Reader::TagSection Reader::BeginTags() {
  name_ = "(tagged fields)";
  TagSection section;
  section.left = TakeUvarint32();
  section.outer_end = end_;
  return section;
}

// Moves to the payload of the next tagged field, with end_ at its end. What the visit did not
// read, because the tag or a later part of its value is unknown, is skipped by the next call.
bool Reader::NextTag(TagSection& section) {
  if (section.previous >= 0) {
    if (!ok()) {
      end_ = position_ = section.outer_end;
      return false;
    }
    position_ = end_;
    end_ = section.outer_end;
  }
  if (section.left == 0 || !ok()) return false;
  --section.left;
  name_ = "(tagged fields)";
  const uint32_t tag = TakeUvarint32();
  const uint32_t size = TakeUvarint32();
  if (!ok()) return false;
  if (int64_t{tag} <= section.previous) {
    Fail("has tags out of order");
    return false;
  }
  if (size > rest().size()) {
    Fail("is cut short");
    return false;
  }
  section.previous = tag;
  end_ = position_ + size;
  tag_ = tag;
  return true;
}

const char* Reader::Take(size_t size) {
  if (size > rest().size()) {
    Fail("is cut short");
    return nullptr;
  }
  return std::exchange(position_, position_ + size);
}

uint32_t Reader::TakeUvarint32() {
  std::string_view bytes = rest();
  const std::optional<uint32_t> value = TakeUvarint(bytes);
  if (!value) {
    Fail("has a broken length");
    return 0;
  }
  position_ = bytes.data();
  return *value;
}

template <class T>
void Reader::BigEndian(T& out) {
  const char* bytes = Take(sizeof(T));
  if (bytes == nullptr) return;
  std::make_unsigned_t<T> value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<std::make_unsigned_t<T>>((uint64_t{value} << 8) |
                                                 static_cast<uint8_t>(bytes[i]));
  }
  out = static_cast<T>(value);
}

void Reader::Value(bool& out) {
  int8_t byte = 0;
  BigEndian(byte);
  out = byte != 0;
}
void Reader::Value(int8_t& out) {
  BigEndian(out);
}
void Reader::Value(int16_t& out) {
  BigEndian(out);
}
void Reader::Value(uint16_t& out) {
  BigEndian(out);
}
void Reader::Value(int32_t& out) {
  BigEndian(out);
}
void Reader::Value(uint32_t& out) {
  BigEndian(out);
}
void Reader::Value(int64_t& out) {
  BigEndian(out);
}
void Reader::Value(double& out) {
  int64_t bits = std::bit_cast<int64_t>(out);
  BigEndian(bits);
  out = std::bit_cast<double>(bits);
}
void Reader::Value(Uuid& out) {
  if (const char* bytes = Take(out.bytes.size())) {
    std::memcpy(out.bytes.data(), bytes, out.bytes.size());
  }
}

// A length below -1 is a lie, not another spelling of null.
std::optional<std::string_view> Reader::TakeString() {
  int64_t size = -1;
  if (field_flexible_) {
    size = int64_t{TakeUvarint32()} - 1;
  } else {
    int16_t announced = -1;
    BigEndian(announced);
    size = announced;
  }
  if (size < -1) Fail("has a negative length");
  if (size < 0) return std::nullopt;
  const char* bytes = Take(static_cast<size_t>(size));
  if (bytes == nullptr) return std::nullopt;
  return std::string_view(bytes, static_cast<size_t>(size));
}

std::optional<std::string_view> Reader::TakeBytes() {
  int64_t size = -1;
  if (field_flexible_) {
    size = int64_t{TakeUvarint32()} - 1;
  } else {
    int32_t announced = -1;
    BigEndian(announced);
    size = announced;
  }
  if (size < -1) Fail("has a negative length");
  if (size < 0) return std::nullopt;
  const char* bytes = Take(static_cast<size_t>(size));
  if (bytes == nullptr) return std::nullopt;
  return std::string_view(bytes, static_cast<size_t>(size));
}

int64_t Reader::ArrayCount() {
  int64_t count = -1;
  if (field_flexible_) {
    count = int64_t{TakeUvarint32()} - 1;
  } else {
    int32_t announced = -1;
    BigEndian(announced);
    count = announced;
  }
  if (count < -1) Fail("has a negative length");
  if (count > static_cast<int64_t>(rest().size())) Fail("has more elements than bytes");
  return ok() ? count : -1;
}

bool Reader::ChargeMemory(size_t new_bytes, size_t old_bytes) {
  // While it grows, both are held.
  if (new_bytes > memory_left_bytes_) {
    Fail("has too many elements for its bytes");
    return false;
  }
  memory_left_bytes_ -= new_bytes - old_bytes;
  return true;
}

bool Reader::StructPresent() {
  if (tag_ != kSequence) return TakeUvarint32() != 0;
  int8_t mark = -1;
  BigEndian(mark);
  return mark >= 0;
}

void Reader::Value(std::string_view& out) {
  const auto text = TakeString();
  if (!text) return FailNull();
  out = *text;
}
void Reader::Value(std::string& out) {
  const auto text = TakeString();
  if (!text) return FailNull();
  out = *text;
}
void Reader::Value(std::optional<std::string_view>& out) {
  const auto text = TakeString();
  if (!text) return SetNull(out);
  out = text;
}
void Reader::Value(std::optional<std::string>& out) {
  const auto text = TakeString();
  if (!text) return SetNull(out);
  out = std::string(*text);
}

void Reader::BytesValue(std::string_view& out) {
  const auto bytes = TakeBytes();
  if (!bytes) return FailNull();
  out = *bytes;
}
void Reader::BytesValue(std::string& out) {
  const auto bytes = TakeBytes();
  if (!bytes) return FailNull();
  out = *bytes;
}
void Reader::BytesValue(std::optional<std::string_view>& out) {
  const auto bytes = TakeBytes();
  if (!bytes) return SetNull(out);
  out = bytes;
}
void Reader::BytesValue(std::optional<std::string>& out) {
  const auto bytes = TakeBytes();
  if (!bytes) return SetNull(out);
  out = std::string(*bytes);
}
void Reader::BytesValue(std::vector<std::string_view>& out) {
  const auto bytes = TakeBytes();
  if (!bytes) return FailNull();
  out.assign(1, *bytes);
}
void Reader::BytesValue(std::optional<std::vector<std::string_view>>& out) {
  const auto bytes = TakeBytes();
  if (!bytes) return SetNull(out);
  out.emplace(1, *bytes);
}

}  // namespace runnel::codec

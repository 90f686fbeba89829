#include "codec/writer.h"

#include <bit>
#include <limits>

#include "base/strings.h"
#include "codec/varint.h"

namespace runnel::codec {

Writer::Writer(std::string& out, int16_t version, bool flexible, std::vector<Splice>* splices)
    : out_(out),
      splices_(splices),
      version_(version),
      flexible_(flexible),
      field_flexible_(flexible) {}

Status Writer::status() const {
  if (failed_name_ == nullptr) return OkStatus();
  return Error(ErrorCode::kInvalidRequest,
               base::StrCat("field ", failed_name_, " is too long for version ", version_));
}

void Writer::Fail() {
  if (failed_name_ == nullptr) failed_name_ = name_;
}

bool Writer::Enter(const char* name, FieldSpec spec) {
  if (!spec.versions.Contains(version_)) return false;
  name_ = name;
  field_flexible_ = flexible_ && !spec.never_flexible;
  nullable_ = spec.nullable.Contains(version_);
  return true;
}

bool Writer::EnterTagged(uint32_t, const char* name, FieldSpec spec) {
  return flexible_ && Enter(name, spec);
}

void Writer::EndTagged(uint32_t tag, size_t begin) {
  const size_t size = out_.size() - begin;
  ++tags_.count;
  AppendUvarint(tags_.bytes, tag);
  AppendUvarint(tags_.bytes, static_cast<uint32_t>(size));
  tags_.bytes.append(out_, begin, size);
  out_.resize(begin);
}

void Writer::WriteTags() {
  AppendUvarint(out_, tags_.count);
  out_.append(tags_.bytes);
}

template <class T>
void Writer::BigEndian(T value) {
  const auto bits = static_cast<std::make_unsigned_t<T>>(value);
  char bytes[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i) {
    bytes[i] = static_cast<char>(static_cast<uint64_t>(bits) >> (8 * (sizeof(T) - 1 - i)));
  }
  out_.append(bytes, sizeof(T));
}

void Writer::Value(bool value) {
  out_.push_back(value ? 1 : 0);
}
void Writer::Value(int8_t value) {
  BigEndian(value);
}
void Writer::Value(int16_t value) {
  BigEndian(value);
}
void Writer::Value(uint16_t value) {
  BigEndian(value);
}
void Writer::Value(int32_t value) {
  BigEndian(value);
}
void Writer::Value(uint32_t value) {
  BigEndian(value);
}
void Writer::Value(int64_t value) {
  BigEndian(value);
}
void Writer::Value(double value) {
  BigEndian(std::bit_cast<int64_t>(value));
}
void Writer::Value(const Uuid& value) {
  out_.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
}

void Writer::Value(std::string_view value) {
  if (value.size() > kMaxStringBytes) return Fail();
  if (field_flexible_) {
    AppendUvarint(out_, static_cast<uint32_t>(value.size()) + 1);
  } else {
    BigEndian(static_cast<int16_t>(value.size()));
  }
  out_.append(value);
}

void Writer::BytesLength(size_t size) {
  if (size > std::numeric_limits<int32_t>::max() - 1) return Fail();
  if (field_flexible_) {
    AppendUvarint(out_, static_cast<uint32_t>(size) + 1);
  } else {
    BigEndian(static_cast<int32_t>(size));
  }
}

void Writer::ArrayCount(size_t count) {
  BytesLength(count);
}

void Writer::NullString() {
  field_flexible_ ? AppendUvarint(out_, 0) : BigEndian(int16_t{-1});
}

void Writer::NullBytes() {
  field_flexible_ ? AppendUvarint(out_, 0) : BigEndian(int32_t{-1});
}

void Writer::NullArray() {
  NullBytes();
}

void Writer::StructMark(bool present) {
  if (in_tag_) {
    AppendUvarint(out_, present ? 1 : 0);
  } else {
    BigEndian(static_cast<int8_t>(present ? 1 : -1));
  }
}

void Writer::BytesValue(std::string_view bytes) {
  BytesLength(bytes.size());
  out_.append(bytes);
}

void Writer::RecordsValue(std::string_view bytes) {
  BytesLength(bytes.size());
  AppendRecords(bytes);
}

void Writer::RecordsValue(const std::vector<std::string_view>& parts) {
  size_t size = 0;
  for (const std::string_view part : parts)
    size += part.size();
  BytesLength(size);
  for (const std::string_view part : parts)
    AppendRecords(part);
}

void Writer::AppendRecords(std::string_view bytes) {
  if (splices_ != nullptr && bytes.size() >= kMinSpliceBytes && !in_tag_) {
    splices_->push_back({.position = out_.size(), .bytes = bytes});
  } else {
    out_.append(bytes);
  }
}

}  // namespace runnel::codec

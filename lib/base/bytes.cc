#include "base/bytes.h"

#include "base/strings.h"

namespace runnel::base {
namespace {

template <class T>
const char* LoadUnsigned(const char* at, const char* end, T& value) {
  constexpr int kBits = sizeof(T) * 8;
  T result = 0;
  for (int shift = 0; at < end; shift += 7) {
    const auto byte = static_cast<uint8_t>(*at++);
    const T bits = byte & 0x7f;
    if (shift + 7 > kBits && (bits >> (kBits - shift)) != 0) return nullptr;  // does not fit
    result |= bits << shift;
    if (byte < 0x80) {
      value = result;
      return at;
    }
    if (shift + 7 >= kBits) return nullptr;  // the last possible byte announces another
  }
  return nullptr;
}

}  // namespace

const char* LoadUnsignedVarintSlow(const char* at, const char* end, uint32_t& value) {
  return LoadUnsigned(at, end, value);
}

const char* LoadUnsignedVarlongSlow(const char* at, const char* end, uint64_t& value) {
  return LoadUnsigned(at, end, value);
}

Status ByteReader::Check(std::string_view what) const {
  if (ok()) return OkStatus();
  return Error(ErrorCode::kCorruptMessage,
               StrCat(what, " ends too early or has an invalid value at byte ", position()));
}

Status ByteReader::Finish(std::string_view what) const {
  if (ok() && remaining() > 0) {
    return Error(ErrorCode::kCorruptMessage,
                 StrCat(what, " has ", remaining(), " bytes too many after byte ", position()));
  }
  return Check(what);
}

}  // namespace runnel::base

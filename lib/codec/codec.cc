#include "codec/codec.h"

#include "base/strings.h"

namespace runnel::codec {

Status CheckVersion(const Api& api, int16_t version) {
  if (api.versions.Contains(version)) return OkStatus();
  return Error(ErrorCode::kUnsupportedVersion,
               base::StrCat("version ", version, " of type ", api.key, " is outside [",
                            api.versions.first, ", ", api.versions.last, "]"));
}

StatusOr<int16_t> TakeInt16(std::string_view& bytes) {
  if (bytes.size() < 2) {
    return Error(ErrorCode::kInvalidRequest,
                 base::StrCat("a version needs 2 bytes, ", bytes.size(), " left"));
  }
  const auto high = static_cast<uint8_t>(bytes[0]);
  const auto low = static_cast<uint8_t>(bytes[1]);
  bytes.remove_prefix(2);
  return static_cast<int16_t>(high << 8 | low);
}

void AppendInt16(std::string& out, int16_t value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value));
}

}  // namespace runnel::codec

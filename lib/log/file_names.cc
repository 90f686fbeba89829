#include "log/file_names.h"

#include <array>
#include <charconv>

namespace runnel::log {
namespace {

constexpr size_t kDigits = 20;
constexpr std::array kKinds = {kLogSuffix, kOffsetIndexSuffix, kTimeIndexSuffix,
                               kTransactionIndexSuffix, kSnapshotSuffix};
constexpr std::array kStates = {kDeletedSuffix, kCleanedSuffix, kSwapSuffix};

}  // namespace

std::string SegmentFileName(Offset base_offset, std::string_view suffix) {
  const std::string digits = std::to_string(base_offset.value());
  std::string name(kDigits > digits.size() ? kDigits - digits.size() : 0, '0');
  name += digits;
  name += suffix;
  return name;
}

std::optional<SegmentFile> ParseSegmentFile(std::string_view name) {
  if (name.size() <= kDigits) return std::nullopt;
  int64_t number = 0;
  const char* digits_end = name.data() + kDigits;
  const auto [end, error] = std::from_chars(name.data(), digits_end, number);
  if (error != std::errc() || end != digits_end || number < 0) return std::nullopt;
  SegmentFile file{.base_offset = Offset(number), .kind = {}, .state = {}};
  std::string_view rest = name.substr(kDigits);
  for (const std::string_view state : kStates) {
    if (!rest.ends_with(state)) continue;
    file.state = state;
    rest.remove_suffix(state.size());
    break;
  }
  for (const std::string_view kind : kKinds) {
    if (rest == kind) file.kind = kind;
  }
  if (file.kind.empty()) return std::nullopt;
  return file;
}

}  // namespace runnel::log

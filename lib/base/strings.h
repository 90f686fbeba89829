// Joins the standard string types with Abseil's.
//
// Debian 12's Abseil has a string_view of its own: standard views reach it through here only.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

namespace runnel::base {

inline absl::string_view AsAbsl(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view AsStd(absl::string_view text) {
  return {text.data(), text.size()};
}

namespace internal {
template <class T>
void AppendPiece(std::string& out, const T& piece) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    out.append(std::string_view(piece));
  } else if constexpr (std::is_same_v<T, char>) {
    out.push_back(piece);
  } else if constexpr (std::is_same_v<T, bool>) {
    out.append(piece ? "true" : "false");
  } else if constexpr (std::is_integral_v<T>) {
    out.append(std::to_string(piece));
  } else {
    std::ostringstream text;  // typed ids, error codes, floating point: anything with operator<<
    text << piece;
    out.append(text.str());
  }
}
}  // namespace internal

// Joins the printed form of all pieces. For messages, not for hot paths.
template <class... Pieces>
std::string StrCat(const Pieces&... pieces) {
  std::string out;
  (internal::AppendPiece(out, pieces), ...);
  return out;
}

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const {
    return absl::Hash<absl::string_view>{}(AsAbsl(text));
  }
};
struct StringEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
};

// A hash map from strings, looked up with std::string_view without a copy.
template <class V>
using StringMap = absl::flat_hash_map<std::string, V, StringHash, StringEqual>;
using StringSet = absl::flat_hash_set<std::string, StringHash, StringEqual>;

}  // namespace runnel::base

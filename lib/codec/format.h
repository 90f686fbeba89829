// What a format says about itself: versions, flexibility, and the rules of one field.
#pragma once

#include <cstdint>
#include <limits>

namespace runnel::codec {

inline constexpr int16_t kNewestVersion = std::numeric_limits<int16_t>::max();
// For `flexible_since`: no version uses compact lengths and tagged fields.
inline constexpr int16_t kNeverFlexible = kNewestVersion;

// A range of versions; both ends count.
struct Versions {
  int16_t first = 0;
  int16_t last = kNewestVersion;

  constexpr bool Contains(int16_t version) const { return version >= first && version <= last; }
};

// Identity of a message or record type. Every top-level struct has one, named kApi:
//   static constexpr Api kApi{.key = 12, .versions = {0, 4}, .flexible_since = 4};
// `key` is the API key of a request or response, or the record type of a record; -1: none.
struct Api {
  int16_t key = -1;
  Versions versions = {};
  int16_t flexible_since = kNeverFlexible;

  constexpr bool IsFlexible(int16_t version) const { return version >= flexible_since; }
};

// In which versions a field exists and how it is written there. Made by the functions below.
struct FieldSpec {
  Versions versions = {};
  // Where a std::optional may be null. Elsewhere null is read as an error and written as empty.
  Versions nullable = {};
  // Keeps the old encoding in flexible versions (the client id of the request header).
  bool never_flexible = false;
  // A tagged number with this value is left out. Must equal the member's initialiser.
  int64_t default_value = 0;

  constexpr FieldSpec NullableSince(int16_t version) const {
    FieldSpec spec = *this;
    spec.nullable.first = version;
    return spec;
  }
  constexpr FieldSpec NeverFlexible() const {
    FieldSpec spec = *this;
    spec.never_flexible = true;
    return spec;
  }
  constexpr FieldSpec DefaultsTo(int64_t value) const {
    FieldSpec spec = *this;
    spec.default_value = value;
    return spec;
  }
};

constexpr FieldSpec Since(int16_t first) {
  return {.versions = {first, kNewestVersion}};
}
constexpr FieldSpec Until(int16_t last) {
  return {.versions = {0, last}};
}
constexpr FieldSpec Between(int16_t first, int16_t last) {
  return {.versions = {first, last}};
}
constexpr FieldSpec Only(int16_t version) {
  return {.versions = {version, version}};
}

}  // namespace runnel::codec

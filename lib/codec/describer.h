// Prints the schema of a struct, one line per field, by walking its Visit function:
//   GroupId string 0+
//   GroupInstanceId string 3+ null=3+
//   Members []struct 3+
//     MemberId string 3+
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "codec/format.h"
#include "runnel/types.h"

namespace runnel::codec {

// Appends lines in the order of the wire, tagged fields last. Versions of a nested field are those
// of its own line; the enclosing ones limit them further. Defaults are the member initialisers.
//
// Thread safety: thread-compatible.
class Describer {
 public:
  explicit Describer(std::string& out) : out_(out) {}

  template <class T>
  void Field(const char* name, const T& field, FieldSpec spec = {}) {
    spec.default_value = DefaultOf(field);
    Line(name, TypeName<T>(), spec, kIsOptional<T>, -1);
    Nested<T>();
  }
  template <class T>
  void Bytes(const char* name, const T&, FieldSpec spec = {}) {
    Line(name, "bytes", spec, kIsOptional<T>, -1);
  }
  template <class T>
  void Records(const char* name, const T&, FieldSpec spec = {}) {
    Line(name, "records", spec, kIsOptional<T>, -1);
  }
  template <class T>
  void Tagged(uint32_t tag, const char* name, const T& field, FieldSpec spec = {}) {
    spec.default_value = DefaultOf(field);
    Line(name, TypeName<T>(), spec, kIsOptional<T>, tag);
    Nested<T>();
  }
  int16_t version() const { return kNewestVersion; }

 private:
  template <class T>
  struct Traits {
    using Inner = T;
    static constexpr bool kOptional = false;
    static constexpr bool kArray = false;
  };
  template <class T>
  struct Traits<std::vector<T>> {
    using Inner = T;
    static constexpr bool kOptional = false;
    static constexpr bool kArray = true;
  };
  template <class T>
  struct Traits<std::optional<T>> {
    using Inner = typename Traits<T>::Inner;
    static constexpr bool kOptional = true;
    static constexpr bool kArray = Traits<T>::kArray;
  };
  template <class Tag, class Rep>
  struct Traits<TypedInt<Tag, Rep>> : Traits<Rep> {};

  template <class T>
  static constexpr bool kIsOptional = Traits<T>::kOptional;
  template <class T>
  static constexpr bool kIsStruct =
      std::is_class_v<T> && !std::is_same_v<T, std::string> &&
      !std::is_same_v<T, std::string_view> && !std::is_same_v<T, Uuid>;

  template <class T>
  static std::string TypeName() {
    using Inner = typename Traits<typename Traits<T>::Inner>::Inner;
    return (Traits<T>::kArray ? "[]" : "") + ScalarName<Inner>();
  }
  template <class T>
  static std::string ScalarName() {
    if constexpr (std::is_enum_v<T>) {
      return ScalarName<std::underlying_type_t<T>>();
    } else if constexpr (std::is_same_v<T, bool>) {
      return "bool";
    } else if constexpr (std::is_same_v<T, double>) {
      return "float64";
    } else if constexpr (std::is_integral_v<T>) {
      return (std::is_signed_v<T> ? "int" : "uint") + std::to_string(8 * sizeof(T));
    } else if constexpr (std::is_same_v<T, Uuid>) {
      return "uuid";
    } else if constexpr (kIsStruct<T>) {
      return "struct";
    } else {
      return "string";
    }
  }
  template <class T>
  static int64_t DefaultOf(const T& field) {
    if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      return static_cast<int64_t>(field);
    } else {
      return 0;
    }
  }
  template <class Tag, class Rep>
  static int64_t DefaultOf(const TypedInt<Tag, Rep>& field) {
    return static_cast<int64_t>(field.value());
  }
  template <class T>
  void Nested() {
    using Inner = typename Traits<typename Traits<T>::Inner>::Inner;
    if constexpr (kIsStruct<Inner>) {
      indent_ += 2;
      const Inner value{};
      Inner::Visit(value, *this);
      indent_ -= 2;
    }
  }
  void Line(const char* name, std::string_view type, FieldSpec spec, bool nullable, int64_t tag);

  std::string& out_;
  size_t indent_ = 0;
};

// The schema of T as lines. Instantiate in a .cc file.
template <class T>
std::string Describe() {
  std::string out;
  Describer describer(out);
  const T value{};
  T::Visit(value, describer);
  return out;
}

}  // namespace runnel::codec

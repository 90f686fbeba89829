#include "codec/describer.h"

#include "base/strings.h"

namespace runnel::codec {
namespace {

std::string ToText(Versions versions) {
  if (versions.last == kNewestVersion) return base::StrCat(versions.first, "+");
  if (versions.first == versions.last) return base::StrCat(versions.first);
  return base::StrCat(versions.first, "-", versions.last);
}

}  // namespace

void Describer::Line(const char* name, std::string_view type, FieldSpec spec, bool nullable,
                     int64_t tag) {
  out_.append(indent_, ' ');
  out_.append(base::StrCat(name, " ", type, " ", ToText(spec.versions)));
  if (nullable) {
    Versions nulls = spec.nullable;
    nulls.first = std::max(nulls.first, spec.versions.first);
    nulls.last = std::min(nulls.last, spec.versions.last);
    out_.append(base::StrCat(" null=", ToText(nulls)));
  }
  if (spec.default_value != 0) out_.append(base::StrCat(" default=", spec.default_value));
  if (tag >= 0) out_.append(base::StrCat(" tag=", tag));
  if (spec.never_flexible) out_.append(" flex=none");
  out_.push_back('\n');
}

}  // namespace runnel::codec

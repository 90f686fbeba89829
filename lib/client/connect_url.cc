#include "client/connect_url.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace runnel::client {
namespace {

using base::StrCat;

Status Invalid(std::string_view text) {
  return Error(ErrorCode::kInvalidRequest, text);
}

int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

StatusOr<std::string> PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return Invalid(StrCat("\"", text.substr(i, 3), "\" in \"", text,
                            "\" is no percent sequence: write '%' as %25"));
    }
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

StatusOr<std::string> ParseScheme(std::string_view url, size_t colon) {
  const bool missing =
      colon == std::string_view::npos || colon == 0 || url.find_first_of("/?") < colon;
  if (missing) {
    return Invalid(
        StrCat("\"", url, "\" has no scheme: write mem:, file:DIR or kafka://HOST:PORT"));
  }
  std::string scheme;
  for (const char c : url.substr(0, colon)) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '+' && c != '-' && c != '.') {
      return Invalid(StrCat("the scheme of \"", url, "\" holds '", c, "'"));
    }
    scheme.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  return scheme;
}

Status ParseOption(std::string_view text, std::map<std::string, std::string>& options) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Invalid(StrCat("option \"", text, "\" is not NAME=VALUE"));
  }
  RUNNEL_ASSIGN_OR_RETURN(std::string name, PercentDecode(text.substr(0, equals)));
  RUNNEL_ASSIGN_OR_RETURN(std::string value, PercentDecode(text.substr(equals + 1)));
  const auto [at, added] = options.emplace(std::move(name), std::move(value));
  return added ? OkStatus() : Invalid(StrCat("option \"", at->first, "\" is given twice"));
}

}  // namespace

StatusOr<ConnectUrl> ParseConnectUrl(std::string_view url) {
  ConnectUrl parsed;
  const size_t colon = url.find(':');
  RUNNEL_ASSIGN_OR_RETURN(parsed.scheme, ParseScheme(url, colon));
  const std::string_view tail = url.substr(colon + 1);
  const size_t question = tail.find('?');
  RUNNEL_ASSIGN_OR_RETURN(parsed.rest, PercentDecode(tail.substr(0, question)));
  if (question == std::string_view::npos) return parsed;
  std::string_view options = tail.substr(question + 1);
  while (!options.empty()) {
    const size_t end = std::min(options.find('&'), options.size());
    RUNNEL_RETURN_IF_ERROR(ParseOption(options.substr(0, end), parsed.options));
    options.remove_prefix(std::min(end + 1, options.size()));
  }
  return parsed;
}

StatusOr<std::string> DirectoryOf(const ConnectUrl& url) {
  std::string_view path = url.rest;
  if (path.starts_with("//")) {
    const size_t slash = path.find('/', 2);
    const std::string_view host = path.substr(2, slash == path.npos ? slash : slash - 2);
    if (!host.empty() && host != "localhost") {
      return Invalid(StrCat("file:", path, " names the host \"", host,
                            "\": write file:DIR, or file:///DIR for an absolute path"));
    }
    path = slash == path.npos ? std::string_view() : path.substr(slash);
  }
  if (path.empty()) return Invalid("file: names no directory: write file:DIR");
  return std::string(path);
}

}  // namespace runnel::client

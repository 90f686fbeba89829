// Addresses of brokers and clusters, and who opens which scheme.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "runnel/connect.h"
#include "runnel/error.h"

namespace runnel::client {

// "SCHEME:REST?NAME=VALUE&NAME=VALUE", percent-decoded.
struct ConnectUrl {
  std::string scheme;  // lower case
  std::string rest;    // between the colon and the question mark, "//" included
  std::map<std::string, std::string> options;
};

// Errors: kInvalidRequest naming the part at fault: no scheme, a bad percent sequence, an option
// without '=' or named twice.
StatusOr<ConnectUrl> ParseConnectUrl(std::string_view url);

// The directory of a "file:" URL: "file:DIR", "file:/DIR", "file:///DIR", "file://localhost/DIR".
// Errors: kInvalidRequest for another host or no directory.
StatusOr<std::string> DirectoryOf(const ConnectUrl& url);

using Connector = std::function<StatusOr<std::unique_ptr<Connection>>(const ConnectUrl&)>;

// Makes runnel::Connect() hand URLs of `scheme` to `connector`; replaces an earlier one. For
// components that stand beside this one, such as lib/kafka.
// Thread safety: thread-safe.
void RegisterScheme(std::string_view scheme, Connector connector);

}  // namespace runnel::client

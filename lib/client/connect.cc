#include "runnel/connect.h"

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <utility>

#include "base/mutex.h"
#include "base/nearest.h"
#include "base/status.h"
#include "base/strings.h"
#include "client/connect_url.h"

namespace runnel {
namespace {

using base::StrCat;
using client::Connector;
using client::ConnectUrl;

// A broker of its own behind the interface.
class BrokerConnection final : public Connection {
 public:
  explicit BrokerConnection(std::unique_ptr<Broker> broker) : broker_(std::move(broker)) {}

  StatusOr<std::unique_ptr<Producer>> NewProducer(ProducerOptions options) override {
    return broker_->NewProducer(std::move(options));
  }
  StatusOr<std::unique_ptr<Consumer>> NewConsumer(ConsumerOptions options) override {
    return broker_->NewConsumer(std::move(options));
  }
  StatusOr<std::unique_ptr<Admin>> NewAdmin() override { return broker_->NewAdmin(); }
  Status Close() override { return broker_->Close(); }

 private:
  std::unique_ptr<Broker> broker_;
};

StatusOr<std::unique_ptr<Connection>> OpenBroker(std::string data_dir, const ConnectUrl& url) {
  BrokerOptions options;
  options.data_dir = std::move(data_dir);
  options.properties = url.options;
  RUNNEL_ASSIGN_OR_RETURN(auto broker, Broker::Open(std::move(options)));
  return std::unique_ptr<Connection>(std::make_unique<BrokerConnection>(std::move(broker)));
}

StatusOr<std::unique_ptr<Connection>> ConnectMemory(const ConnectUrl& url) {
  if (!url.rest.empty() && url.rest != "//") {
    return Error(ErrorCode::kInvalidRequest,
                 StrCat("mem: takes no path, but \"", url.rest, "\" follows"));
  }
  return OpenBroker("", url);
}

StatusOr<std::unique_ptr<Connection>> ConnectFile(const ConnectUrl& url) {
  RUNNEL_ASSIGN_OR_RETURN(std::string directory, client::DirectoryOf(url));
  return OpenBroker(std::move(directory), url);
}

// Schemes of this process. Global, because Connect() is a free function and components register
// themselves without knowing its callers.
struct Registry {
  absl::Mutex mutex;
  std::map<std::string, Connector, std::less<>> connectors ABSL_GUARDED_BY(mutex);
};

Registry& TheRegistry() {
  static auto* const registry = new Registry;  // never destroyed: threads may outlive main()
  return *registry;
}

Connector FindConnector(std::string_view scheme) {
  if (scheme == "mem") return ConnectMemory;
  if (scheme == "file") return ConnectFile;
  Registry& registry = TheRegistry();
  const base::Lock lock(registry.mutex);
  const auto found = registry.connectors.find(scheme);
  return found == registry.connectors.end() ? nullptr : found->second;
}

}  // namespace

namespace client {

void RegisterScheme(std::string_view scheme, Connector connector) {
  Registry& registry = TheRegistry();
  const base::Lock lock(registry.mutex);
  registry.connectors.insert_or_assign(std::string(scheme), std::move(connector));
}

}  // namespace client

StatusOr<std::unique_ptr<Connection>> Connect(std::string_view url) {
  RUNNEL_ASSIGN_OR_RETURN(const ConnectUrl parsed, client::ParseConnectUrl(url));
  if (const Connector connector = FindConnector(parsed.scheme)) return connector(parsed);
  if (parsed.scheme == "kafka") {
    return Error(ErrorCode::kUnsupportedVersion,
                 StrCat("cannot open \"", url, "\": this program is linked without runnel::kafka"));
  }
  constexpr std::string_view kSchemes[] = {"mem", "file", "kafka"};
  return Error(ErrorCode::kInvalidRequest,
               StrCat("the scheme \"", parsed.scheme, "\" of \"", url,
                      "\" is none of mem, file, kafka", base::DidYouMean(parsed.scheme, kSchemes)));
}

}  // namespace runnel

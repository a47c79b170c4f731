// Gorgias as a sink: customers of the helpdesk, and plain records. README.md says what it covers.
#include <tenon/connector.hpp>

#include "customer.hpp"
#include "record.hpp"

using gorgias_connector =
    tenon::connector<"gorgias", gorgias::upsert_customer, gorgias::upsert_record, gorgias::post_record>;
TENON_PLUGIN(gorgias_connector)

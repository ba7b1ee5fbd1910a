"""Words that all services share: the roles as people call them."""

from shared.auth import Role
from shared.pages.languages import N_

ROLES: dict[Role, str] = {
    Role.IMPROVEMENT_SUPERVISOR: N_("Improvement supervisor"),
    Role.OPERATIONS_MANAGER: N_("Operations manager"),
    Role.PROCESS_OWNER: N_("Process owner"),
    Role.SERVICE_DESK: N_("Service desk"),
    Role.ENGINEER: N_("Engineer"),
    Role.PROJECT_MANAGER: N_("Project manager"),
    Role.DEPARTMENT_HEAD: N_("Department head"),
    Role.QUALITY_MANAGER: N_("Quality manager"),
    Role.AUDITOR: N_("Auditor"),
    Role.MANAGEMENT_REPRESENTATIVE: N_("Management representative"),
    Role.TOP_MANAGEMENT: N_("Top management"),
    Role.CUSTOMER: N_("Customer"),
    Role.INTEGRATION: N_("Integration"),
    Role.ADMINISTRATOR: N_("Administrator"),
}

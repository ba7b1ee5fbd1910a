"""What a claim takes."""

from shared.fields import Body


class NewClaim(Body):
    """`despite_quiet_hours`: the call has to be made although the customer's quiet hours run."""

    despite_quiet_hours: bool = False

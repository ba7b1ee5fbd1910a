"""Student's t distribution, without `scipy.stats`, which takes longer to load than a campaign takes to be analysed."""

from scipy.special import stdtr, stdtrit


def exceed(t: float, freedom: float) -> float:
    """How likely Student's t with so many degrees of freedom, which need not be whole, lies above `t`."""
    return float(stdtr(freedom, -t))


def find_quantile(probability: float, freedom: float) -> float:
    """The t below which a value lies with this probability."""
    return float(stdtrit(freedom, probability))

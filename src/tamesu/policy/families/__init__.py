"""Families of posteriors, one module each: densities and distribution functions for the quadrature."""
